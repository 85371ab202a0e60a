"""Filters and orders as lists are asked for them: `name=~api,public=true`.

The grammar of `q` is `key=value` pairs joined by commas. A value is `v` exactly, `~v` for what
contains it, `[min~max]` for a range whose ends belong to it and may be left away, `{a b}` for any
of several and `(a b)` for all of them. Quotes around a single value keep its outer spaces. Keys
that a list does not know are for its reader to ignore.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault

from .moments import parse_moment

TEXT_MAX = 4096
"""Most characters of a query or an order."""
TERMS_MAX = 32
"""Most pairs of a query, and most fields of an order."""
CHOICES_MAX = 100
"""Most values of a union or an intersection."""


@dataclass(frozen=True, slots=True)
class Exact:
    """Just this value."""

    value: str


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Whatever contains this text."""

    value: str


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both included; None for no end."""

    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of these values."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these values."""

    values: tuple[str, ...]


Filter = Exact | Fuzzy | Range | OneOf | AllOf


@dataclass(frozen=True, slots=True)
class Order:
    """One field to sort by."""

    field: str
    descending: bool = False


_ESCAPED = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOSING = {"[": "]", "{": "}", "(": ")"}


def parse_query(text: str) -> Mapping[str, Filter]:
    """Return the filters of a query by key; of two with one key the last counts.

    A query that was escaped once too often is read as it was meant; a plus stays one, as times
    have it. Raises `Fault(REQUEST_INVALID)`.
    """
    text = _unescaped(_bounded(text, "q"))
    if not text:
        return {}
    terms = text.split(",")
    _few(len(terms), TERMS_MAX, "q", "conditions")
    found: dict[str, Filter] = {}
    for term in terms:
        key, _, value = term.partition("=")
        key = key.strip()
        if not key or not value:
            raise Fault(
                Code.REQUEST_INVALID,
                'the query string must contain "=" and the key/value cannot be empty',
            )
        found[key] = _filter(value)
    return found


def parse_orders(text: str) -> tuple[Order, ...]:
    """Return the fields to sort by, the first one first: of `name,-created`.

    Empty fields are left out. Raises `Fault(REQUEST_INVALID)` for too many.
    """
    fields = [field.strip() for field in _unescaped(_bounded(text, "sort")).split(",")]
    _few(len(fields), TERMS_MAX, "sort", "fields")
    orders = (Order(field.removeprefix("-").strip(), field.startswith("-")) for field in fields)
    return tuple(order for order in orders if order.field)


def moments(wanted: Filter) -> tuple[float | None, float | None]:
    """Return the ends of a range of times in seconds since the epoch; one time is both ends.

    Times are `2026-10-01 12:00:00` or as RFC 3339 has them; UTC where they do not say. Raises
    `Fault(REQUEST_INVALID)`.
    """
    if isinstance(wanted, Range):
        low, high = wanted.low, wanted.high
    elif isinstance(wanted, Exact):
        low = high = wanted.value
    else:
        raise Fault(
            Code.REQUEST_INVALID,
            "a time is asked for as a range: [2026-10-01 00:00:00~2026-10-31 23:59:59]",
        )
    return _moment(low), _moment(high)


def words(wanted: Filter) -> tuple[str, ...]:
    """Return the values of a filter that names them, whichever way; none of a range."""
    match wanted:
        case Exact(value) | Fuzzy(value):
            return (value,)
        case OneOf(values) | AllOf(values):
            return values
        case Range():
            return ()


def _filter(value: str) -> Filter:
    if value[0] == "~":
        return Fuzzy(_plain(value[1:]))
    closing = _CLOSING.get(value[0])
    if closing is None:
        return Exact(_plain(value))
    inner = value[1:-1]
    if len(value) < 2 or value[-1] != closing:
        raise _refused(value, f"it begins with {value[0]} and does not end with {closing}")
    if value[0] == "[":
        return _range(value, inner)
    values = tuple(_plain(part) for part in inner.split())
    if not values:
        raise _refused(value, "there is nothing between its brackets")
    _few(len(values), CHOICES_MAX, "q", "values in one list")
    return OneOf(values) if value[0] == "{" else AllOf(values)


def _range(value: str, inner: str) -> Range:
    low, between, high = inner.partition("~")
    if not between or "~" in high or not (low.strip() or high.strip()):
        raise _refused(value, "a range is written as [min~max], one of which may be left away")
    return Range(_plain(low) or None, _plain(high) or None)


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    if not _TIME.match(text):
        raise Fault(
            Code.REQUEST_INVALID,
            f"'{text[:64]}' is not a time: write 2026-10-01 12:00:00 or 2026-10-01T12:00:00Z",
        )
    return parse_moment(text, 0.0)


def _unescaped(text: str) -> str:
    if "%" not in text or _BAD_ESCAPE.search(text):
        return text

    def plain(found: re.Match[str]) -> str:
        return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")

    return _ESCAPED.sub(plain, text)


def _bounded(text: str, name: str) -> str:
    if len(text) > TEXT_MAX:
        raise Fault(
            Code.REQUEST_INVALID, f"{name} has {len(text)} characters: {TEXT_MAX} are the most"
        )
    return text.strip()


def _few(count: int, most: int, name: str, what: str) -> None:
    if count > most:
        raise Fault(Code.REQUEST_INVALID, f"{name} has {count} {what}: {most} are the most")


def _refused(value: str, why: str) -> Fault:
    return Fault(Code.REQUEST_INVALID, f"invalid query string value: {value[:200]}: {why}")
