"""Byte ranges: the Range header of reads, Content-Range of uploads."""

import re
from dataclasses import dataclass

from .errors import Code, Fault

RANGES_MAX = 1024
"""Most ranges in one request; lazy-pulling clients send up to about a thousand."""

_SPEC = re.compile(r"([0-9]{0,19})-([0-9]{0,19})")
_CONTENT_RANGE = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_SPACE = " \t"


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `offset`; never empty unless the content is."""

    offset: int
    length: int

    @property
    def last(self) -> int:
        """The offset of the last byte (ranges are inclusive on the wire)."""
        return self.offset + self.length - 1


class Unsatisfiable(ValueError):
    """No range of the request lies within the content: 416."""


def parse_range(header: str, size_bytes: int) -> tuple[Span, ...] | None:
    """Return the spans of a Range header over content of `size_bytes`, in the order asked.

    None where the header is to be ignored: another unit or not parsable (RFC 9110 section 14.2).
    Raises `Unsatisfiable` when no range can be served. An end before its start counts as
    unsatisfiable, as the distribution conformance suite has it, and not as RFC 9110's "ignore".
    More than `RANGES_MAX` ranges raise `Fault(RANGE_INVALID)`.
    """
    unit, equals, rest = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    parts = rest.split(",", RANGES_MAX + 1)
    if len(parts) > RANGES_MAX:
        raise Fault(
            Code.RANGE_INVALID,
            f"{len(parts)} ranges are too many: ask for at most {RANGES_MAX} at once",
            {"ranges": len(parts), "limit": RANGES_MAX},
        )
    spans = []
    for part in parts:
        match = _SPEC.fullmatch(part.strip(_SPACE))
        if match is None or match[0] == "-":
            return None
        span = _span(match[1], match[2], size_bytes)
        if span is not None:
            spans.append(span)
    if not spans:
        raise Unsatisfiable(header)
    return tuple(spans)


def _span(first: str, last: str, size_bytes: int) -> Span | None:
    if not first:
        length = min(int(last), size_bytes)
        return Span(size_bytes - length, length) if length else None
    start = int(first)
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    return Span(start, end - start + 1) if start <= end else None


def parse_content_range(header: str) -> Span:
    """Return the span of an upload's Content-Range, `first-last` without unit or total.

    Raises `Fault(RANGE_INVALID)` (distribution-spec, "Pushing a blob in chunks"); the forms
    `bytes first-last/total` of RFC 9110 are understood too, as some clients send them.
    """
    text = header.strip(_SPACE)
    if text.startswith("bytes "):
        text = text[6:].partition("/")[0]
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise Fault(
            Code.RANGE_INVALID,
            f"Content-Range '{header[:80]}' cannot be read: write it as first-last, both "
            "inclusive, for example 0-1023",
            {"contentRange": header[:80]},
        )
    return Span(int(match[1]), int(match[2]) - int(match[1]) + 1)
