"""Lists in memory, filtered and sorted as Harbor's `q` and `sort` ask."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from entrepot.faces.asgi import Response
from entrepot.ports.listing import By, Named
from entrepot.rules.queries import (
    AllOf,
    Exact,
    Filter,
    Fuzzy,
    OneOf,
    Order,
    Range,
    moments,
    parse_orders,
    parse_query,
)

from .api import Call

ROWS_MAX = 20_000
"""Rows that are looked through for one list at most."""
STEP = 500

Row = TypeVar("Row")
Value = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """How rows are filtered and sorted; `moments` are the fields that are times."""

    fields: Mapping[str, Callable[[Row], Value]]
    order: tuple[Order, ...]
    moments: frozenset[str] = frozenset()

    def select(self, rows: Sequence[Row], wanted: Mapping[str, Filter], sort: str) -> list[Row]:
        """Return the rows that are asked for, in order; unknown fields are ignored."""
        kept = [row for row in rows if self._fits(row, wanted)]
        orders = [one for one in parse_orders(sort) if one.field in self.fields]
        orders = orders or [*self.order]
        if len(orders) == 1 and orders[0].descending:
            kept.reverse()  # so that what is equal is the other way round too, as the catalog does
        for order in reversed(orders):
            kept.sort(key=_by(self.fields[order.field]), reverse=order.descending)
        return kept

    def by(self, sort: str, known: Mapping[str, By]) -> tuple[By | None, bool] | None:
        """Return what `ListingService` sorts by, and whether from the last one; None if it cannot.

        Without an order it is the list's own.
        """
        orders = [one for one in parse_orders(sort) if one.field in self.fields]
        if not orders:
            return None, False
        if len(orders) > 1 or orders[0].field not in known:
            return None
        return known[orders[0].field], orders[0].descending

    def _fits(self, row: Row, wanted: Mapping[str, Filter]) -> bool:
        for name, filters in wanted.items():
            get = self.fields.get(name)
            if get is None:
                continue
            value = get(row)
            if name in self.moments:
                if not _within(value, *moments(filters)):
                    return False
            elif not _matches(value, filters):
                return False
        return True


async def gathered(
    page: Callable[[str, int], Awaitable[Sequence[Row]]], name: Callable[[Row], str]
) -> list[Row]:
    """Return all rows that a service lists by name, `ROWS_MAX` at most."""
    found: list[Row] = []
    after = ""
    while len(found) < ROWS_MAX:
        rows = await page(after, STEP)
        found += rows
        if len(rows) < STEP:
            break
        after = name(rows[-1])
        # Others are served between the steps.
        await asyncio.sleep(0)
    return found


def named(wanted: Exact | Fuzzy) -> Named:
    """Return a filter of names as `ListingService` takes it."""
    return Named(exact=wanted.value) if isinstance(wanted, Exact) else Named(part=wanted.value)


def query_of(call: Call) -> dict[str, Filter]:
    """Return the filters that a request asks for by `q`."""
    return {**parse_query(call.text("q") or "")}


def part_of(call: Call, rows: Sequence[Row]) -> Sequence[Row]:
    """Return the page of the rows that was asked for."""
    return rows[call.offset : call.offset + call.page_size]


def empty(call: Call) -> Response:
    """Return a list in which nothing is."""
    return call.listed([], 0)


def _matches(value: Value, wanted: Filter) -> bool:
    text = _text(value)
    match wanted:
        case Exact(one):
            return text == one
        case Fuzzy(part):
            return part.lower() in text.lower()
        case OneOf(values):
            return text in values
        case AllOf(values):
            return all(text == one for one in values)
        case Range(low, high):
            number = _number(text)
            ends = _number(low or ""), _number(high or "")
            return number is not None and _within(number, *ends)


def _within(value: Value, low: float | None, high: float | None) -> bool:
    if not isinstance(value, int | float):
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _by(get: Callable[[Row], Value]) -> Callable[[Row], tuple[bool, float, str]]:
    return lambda row: _key(get(row))


def _key(value: Value) -> tuple[bool, float, str]:
    if isinstance(value, str):
        return True, 0.0, value
    return value is not None, float(value or 0.0), ""
