"""Pages of the audit log by number: what was counted is counted on from there.

Ids grow and lines do not change, so that of each filter the ids are remembered, and only new lines
are looked at. Times need no walk of their own: a stretch of time is one of ids, but for the few
lines that were written late.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.ports.listing import AuditWhere
from entrepot.rules.audit import NAME_MAX, AuditLine, clean

from .spans import Listed, Span

IDS_MAX = 4_000_000
"""Ids that are remembered in all, 4 bytes each; of a longer log the newest lines are reached."""
FILTERS_MAX = 256
QUERIES_MAX = 128
"""Most lists that are put together to one."""
SLICE = 20_000
"""Ids read in one statement; the log's readers and writers go on between two."""
AT_ONCE = 500
"""New lines that are looked at without leaving the event loop."""
LATE_MAX = 10_000
"""Lines written out of order that are sorted out at either end of a stretch of time."""
_SMALL = 1 << 32


@dataclass(slots=True)
class _Known:
    """Ids of one filter, of all lines up to `upto`."""

    ids: "array[int]"
    upto: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class AuditPages:
    """Remembers which lines filters let pass."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: OrderedDict[AuditWhere, _Known] = OrderedDict()

    async def page(self, query: AuditQuery, span: Span) -> Listed[AuditLine]:
        """Return lines by their ids, and how many there are.

        The total is exact but for lines that were written late and are at the log's old end. Raises
        `Fault(REQUEST_INVALID)` for bounds that make no sense.
        """
        span.check()
        return await self._page([query], span)

    async def page_of_any(self, queries: Sequence[AuditQuery], span: Span) -> Listed[AuditLine]:
        """Return lines that any of several queries asks for, of which no line is of two.

        Each is remembered by itself; raises as `page` does, and for more than `QUERIES_MAX`.
        """
        span.check()
        if len(queries) > QUERIES_MAX:
            raise Fault(
                Code.REQUEST_INVALID,
                f"one list is made of {QUERIES_MAX} others at most: ask for a project, or a user",
            )
        return await self._page([*dict.fromkeys(queries)], span)

    async def _page(self, queries: Sequence[AuditQuery], span: Span) -> Listed[AuditLine]:
        parts = [await self._part(query) for query in queries]
        async with self._catalog.begin() as tx:
            lines = await tx.lists.audit.rows(_cut(parts, span))
        return Listed(tuple(lines), sum(part.size for part in parts))

    async def _part(self, query: AuditQuery) -> "_Part":
        if query.since is not None and query.until is not None and query.since > query.until:
            raise Fault(
                Code.REQUEST_INVALID, "since is later than until: exchange them, or leave one away"
            )
        part = await self._ids(query)
        part = await self._from(part, query.since)
        return await self._to(part, query.until)

    async def _ids(self, query: AuditQuery) -> "_Part":
        where = AuditWhere(
            clean(query.actor, NAME_MAX),
            clean(query.project, NAME_MAX),
            clean(query.operation, NAME_MAX),
            query.refused,
        )
        async with self._catalog.begin() as tx:
            last = await tx.audit.last()
            first = await tx.lists.audit.first()
        known = self._known.get(where)
        if known is None:
            known = self._known[where] = _Known(array("I" if last < _SMALL // 2 else "Q"))
        self._known.move_to_end(where)
        if known.upto < last:
            async with known.lock:
                await self._catch_up(where, known, last)
            self._bound()
        begin = bisect_left(known.ids, first)
        if begin > len(known.ids) // 2:  # most of it was pruned
            known.ids, begin = known.ids[begin:], 0
        return _Part(known.ids, begin, len(known.ids))

    async def _catch_up(self, where: AuditWhere, known: _Known, last: int) -> None:
        while known.upto < last:
            aside = last - known.upto > AT_ONCE
            async with self._catalog.begin(aside=aside) as tx:
                found = await tx.lists.audit.ids(where, known.upto, SLICE)
            known.ids.extend(found)
            newest = found[-1] if found else 0
            known.upto = newest if len(found) == SLICE else max(last, newest)
            if len(known.ids) > IDS_MAX:
                # Parts that others have of it are of the array before.
                known.ids = known.ids[-IDS_MAX + SLICE :]

    def _bound(self) -> None:
        """Forget filters that were used longest ago."""
        count = sum(len(known.ids) for known in self._known.values())
        while len(self._known) > 1 and (count > IDS_MAX or len(self._known) > FILTERS_MAX):
            _, gone = self._known.popitem(last=False)
            count -= len(gone.ids)

    async def _from(self, part: "_Part", since: float | None) -> "_Part":
        """Return what is of a time or after it."""
        if since is None:
            return part
        async with self._catalog.begin() as tx:
            first = await tx.lists.audit.first_from(since)
            if first is None:
                return _Part(part.ids, 0, 0)
            late = await tx.lists.audit.late(since, first, LATE_MAX)
        begin = part.place(first)
        return _Part(part.ids, begin, part.end).without(late)

    async def _to(self, part: "_Part", until: float | None) -> "_Part":
        """Return what is before a time."""
        if until is None:
            return part
        async with self._catalog.begin() as tx:
            first = await tx.lists.audit.first_from(until)
            if first is None:
                return part
            late = await tx.lists.audit.late(until, first, LATE_MAX)
        end = part.place(first)
        extra = [number for number in sorted(late) if part.has(number)]
        return _Part(part.ids, part.begin, end).with_more(extra)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of ids, without a copy of them."""

    ids: Sequence[int]
    begin: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.begin

    def cut(self, span: Span) -> Sequence[int]:
        start, stop = span.place(self.begin, self.end)
        found = self.ids[start:stop]
        return found[::-1] if span.descending else found

    def place(self, number: int) -> int:
        """Return where a number is, or would be."""
        return bisect_left(self.ids, number, self.begin, self.end)

    def has(self, number: int) -> bool:
        at = self.place(number)
        return at < self.end and self.ids[at] == number

    def without(self, numbers: list[int]) -> "_Part":
        gone = {number for number in numbers if self.has(number)}
        if not gone:
            return self
        kept = [number for number in self.ids[self.begin : self.end] if number not in gone]
        return _Part(kept, 0, len(kept))

    def with_more(self, numbers: list[int]) -> "_Part":
        """Return it with numbers that are above all of it."""
        if not numbers:
            return self
        both = [*self.ids[self.begin : self.end], *numbers]
        return _Part(both, 0, len(both))


def _cut(parts: Sequence[_Part], span: Span) -> Sequence[int]:
    """Return the ids of a page out of several lists, which have no id in common."""
    parts = [part for part in parts if part.size]
    if len(parts) < 2:
        return parts[0].cut(span) if parts else ()
    start, stop = span.place(0, sum(part.size for part in parts))
    if start == stop:
        return ()
    low, high = _ranked(parts, start), _ranked(parts, stop - 1)
    found = sorted(
        number for part in parts for number in part.ids[part.place(low) : part.place(high + 1)]
    )
    return found[::-1] if span.descending else found


def _ranked(parts: Sequence[_Part], rank: int) -> int:
    """Return the id that `rank` others are below of, in all lists together."""
    low = min(part.ids[part.begin] for part in parts)
    high = max(part.ids[part.end - 1] for part in parts)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(part.place(middle) - part.begin for part in parts) <= rank:
            low = middle
        else:
            high = middle - 1
    return low
