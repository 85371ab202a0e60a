"""Pages of artifacts: what was walked for once answers times and words too."""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.listing import (
    ANY,
    LABELS_MAX,
    TYPES_MAX,
    ArtifactItem,
    ArtifactsWhere,
    By,
)

from .changes import Changes
from .remembering import KeyMemory
from .spans import Listed, Span
from .tagtexts import WORD, TagTexts

TEXT_FROM = 2000
"""Artifacts of a repository from which on its tags are kept as text; of fewer a walk is as fast."""
FEW = 32
"""Where less than one of so many keys is wanted, they are looked for one by one."""
RANKED_MAX = 8
"""Lists whose keys are kept sorted, 4 bytes each."""


class ArtifactPages:
    """Remembers artifacts in their order, and tags of large repositories as text."""

    def __init__(self, catalog: Catalog, clock: Clock, changes: Changes, memory: KeyMemory) -> None:
        self._catalog = catalog
        self._clock = clock
        self._changes = changes
        self._memory = memory
        self._texts = TagTexts(catalog)
        self._ranks = _Ranks()

    async def page(self, where: ArtifactsWhere, span: Span) -> Listed[ArtifactItem]:
        """Return artifacts, by when they were pushed, or their size.

        Raises `Fault(REQUEST_INVALID)` for more types or labels than one filter can name.
        """
        span.check()
        if len(where.types) > TYPES_MAX or len(where.labels) > LABELS_MAX:
            raise Fault(
                Code.REQUEST_INVALID,
                f"too much in one filter: name up to {TYPES_MAX} types and {LABELS_MAX} labels",
            )
        changed = await self._changes.of(where.repository or where.project)
        # Marks come and go without an event of content.
        stamp = (changed, await self._changes.anything() if where.labels else None)
        by = By.SIZE if span.by is By.SIZE else By.PUSHED
        keys = await self._keys(where, by, stamp)
        async with self._catalog.begin() as tx:
            rows = await tx.lists.artifacts.rows(span.cut(keys))
        return Listed(tuple(rows), len(keys))

    async def _keys(self, where: ArtifactsWhere, by: By, stamp: Hashable) -> Sequence[int]:
        if by is By.PUSHED and not (where.since is None and where.until is None):
            # Times are seldom the same twice: they are looked up in what is in their order.
            keys = await self._keys(replace(where, since=None, until=None), by, stamp)
            between = await self._between(keys, where.since, where.until)
            if between is not None:
                return between
        if where.repository and where.tag.part and not where.tag.exact:
            keys = await self._keys(replace(where, tag=ANY), by, stamp)
            if len(keys) >= TEXT_FROM:
                return await self._with_word(where, by, stamp, keys)

        async def walk() -> Sequence[int]:
            async with self._catalog.begin(aside=True) as tx:
                return await tx.lists.artifacts.keys(where, by)

        return await self._memory.of((where, by), stamp, walk)

    async def _between(
        self, keys: Sequence[int], since: float | None, until: float | None
    ) -> Sequence[int] | None:
        """Return those pushed from `since` to `until`; None if some are gone meanwhile."""
        start: int | None = 0
        stop: int | None = len(keys)
        async with self._catalog.begin() as tx:
            if since is not None:
                start = await _place(tx, keys, since, after=False)
            if until is not None:
                stop = await _place(tx, keys, until, after=True)
        return None if start is None or stop is None else keys[start : max(start, stop)]

    async def _with_word(
        self, where: ArtifactsWhere, by: By, stamp: Hashable, keys: Sequence[int]
    ) -> Sequence[int]:
        """Return those of `keys` with a tag that has the word in it."""

        async def search() -> Sequence[int]:
            word = where.tag.part
            if not WORD.fullmatch(word):
                return []
            text = await self._texts.of(where.repository)
            found: set[int] = set()
            for some in text.find(word):
                found |= some
                await self._clock.sleep(0)  # pulls have their turn
            async with self._catalog.begin() as tx:
                anew = await tx.lists.artifacts.with_word(sorted(text.touched), word)
            everything = replace(where, tag=ANY)
            return self._ranks.chosen((everything, by), keys, (found - text.touched) | anew)

        return await self._memory.of((where, by), stamp, search)


class _Ranks:
    """Where a few of many keys are, of lists that were asked for lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[Sequence[int], Sequence[int]]] = OrderedDict()

    def chosen(self, name: Hashable, keys: Sequence[int], wanted: set[int]) -> Sequence[int]:
        """Return those of `keys` that are wanted, in their order."""
        if len(wanted) * FEW > len(keys):
            return [key for key in keys if key in wanted]
        known = self._known.pop(name, None)
        if known is None or known[0] is not keys:
            known = keys, array("I", sorted(range(len(keys)), key=keys.__getitem__))
        self._known[name] = known
        if len(self._known) > RANKED_MAX:
            self._known.popitem(last=False)
        order, found = known[1], []
        for one in wanted:
            at = bisect_left(order, one, key=keys.__getitem__)
            if at < len(order) and keys[order[at]] == one:
                found.append(order[at])
        return [keys[place] for place in sorted(found)]


async def _place(tx: Tx, keys: Sequence[int], at: float, *, after: bool) -> int | None:
    """Return where those pushed at a time begin, or end; None if one that was asked is gone."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        pushed = await tx.lists.artifacts.pushed(keys[middle])
        if pushed is None:
            return None
        if pushed < at or (after and pushed == at):
            low = middle + 1
        else:
            high = middle
    return low
