"""What `q` and `sort` ask of lists that are paged below us."""

from collections.abc import Mapping

from entrepot.ports.listing import ANY, By, Named
from entrepot.rules.queries import Exact, Filter, Fuzzy, Range, moments, parse_orders
from entrepot.services.listing.spans import Span

from .api import Call


def span_of(call: Call, fields: Mapping[str, By], default: By, *, descending: bool = True) -> Span:
    """Return the page that is asked for; unknown fields to sort by are ignored."""
    by, down = default, descending
    for order in parse_orders(call.text("sort") or ""):
        if order.field in fields:
            by, down = fields[order.field], order.descending
            break
    return Span(call.offset, call.page_size, by, down)


def named(wanted: Filter | None) -> Named:
    """Return the name, or part of one, that a filter asks for."""
    match wanted:
        case Exact(value):
            return Named(exact=value)
        case Fuzzy(value):
            return Named(part=value)
        case _:
            return ANY


def span_of_time(wanted: Filter | None) -> tuple[float | None, float | None]:
    """Return the times between which something is asked for."""
    return moments(wanted) if isinstance(wanted, Range | Exact) else (None, None)
