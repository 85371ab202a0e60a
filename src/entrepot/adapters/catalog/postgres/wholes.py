"""Sums of whole numbers as `int`: PostgreSQL makes NUMERIC of them.

The driver would make Decimal of that, which is a text in JSON. The format is that of the server's
`numeric_send`: count of digits, weight of the first, sign and scale, then digits to base 10,000.
"""

import struct

_HEAD = struct.Struct("!hhHh")
_BASE = 10_000
_NEGATIVE = 0x4000


def decoded(raw: bytes) -> int:
    """Return a number; ValueError if it is not a whole one."""
    count, weight, sign, _ = _HEAD.unpack_from(raw)
    if sign not in (0, _NEGATIVE) or count > weight + 1:
        raise ValueError("the catalog's numbers are whole")
    number = 0
    for digit in struct.unpack_from(f"!{count}h", raw, _HEAD.size):
        number = number * _BASE + digit
    for _ in range(weight + 1 - count):  # zeros at the end are left out
        number *= _BASE
    return -number if sign else number


def encoded(number: int) -> bytes:
    """Return what `decoded` takes."""
    digits: list[int] = []
    left = abs(number)
    while left:
        left, digit = divmod(left, _BASE)
        digits.insert(0, digit)
    head = (len(digits), max(0, len(digits) - 1), _NEGATIVE if number < 0 else 0, 0)
    return struct.pack(f"!hhHh{len(digits)}h", *head, *digits)
