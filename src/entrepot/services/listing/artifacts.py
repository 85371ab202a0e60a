"""Pages of artifacts: what was walked for once answers times and words too."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

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

TEXT_FROM = 2000
"""Artifacts of a repository from which on its tags are kept as text; of fewer a walk is as fast."""
TEXTS_SIZE_MAX_BYTES = 48 << 20
TEXT_TAGS = 20_000
"""Tags of one piece of text, which is searched at a stretch, in less than half a millisecond."""
TOUCHED_MAX = 500
"""Manifests whose tags are looked at anew in each search; after more the text is read anew."""
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,128}")
"""What a tag may have in it."""


class ArtifactPages:
    """Remembers artifacts in their order, and tags of large repositories as text."""

    def __init__(self, catalog: Catalog, clock: Clock, changes: Changes, memory: KeyMemory) -> None:
        self._catalog = catalog
        self._clock = clock
        self._changes = changes
        self._memory = memory
        self._texts = _TagTexts(catalog)

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
        stamp = (changed, self._changes.anything() if where.labels else None)
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
            if not _WORD.fullmatch(word):
                return []
            text = await self._texts.of(where.repository)
            pattern = re.compile(re.escape(word) + "[^/,]*/([0-9]+)")
            found: set[str] = set()
            for piece in text.pieces:
                found.update(pattern.findall(piece))
                await self._clock.sleep(0)  # pulls have their turn
            async with self._catalog.begin() as tx:
                anew = await tx.lists.artifacts.with_word(sorted(text.touched), word)
            numbers = (set(map(int, found)) - text.touched) | anew
            return [key for key in keys if key in numbers]

        return await self._memory.of((where, by), stamp, search)


@dataclass(frozen=True, slots=True)
class _Text:
    """All tags of a repository as they were at a move; not of manifests touched since."""

    pieces: list[str]
    move: int
    touched: frozenset[int] = frozenset()


class _TagTexts:
    """Tags of large repositories as text, `tag/id,tag/id`, in pieces."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: OrderedDict[str, _Text] = OrderedDict()
        self._lock = asyncio.Lock()

    async def of(self, repository: str) -> _Text:
        """Return a repository's as it is now, read anew once many of its tags have moved."""
        async with self._lock:
            known = self._known.pop(repository, None)
            text = await self._followed(repository, known) if known is not None else None
            self._known[repository] = text = text or await self._read(repository)
            sizes = [sum(map(len, one.pieces)) for one in self._known.values()]
            while len(sizes) > 1 and sum(sizes) > TEXTS_SIZE_MAX_BYTES:
                self._known.popitem(last=False)
                del sizes[0]
            return text

    async def _followed(self, repository: str, text: _Text) -> _Text | None:
        """Return it with what was touched since; None if that is too much to look at."""
        room = TOUCHED_MAX - len(text.touched)
        async with self._catalog.begin() as tx:
            moves = await tx.lists.artifacts.moved(repository, text.move, room)
        if len(moves) >= room:
            return None
        if not moves:
            return text
        return _Text(text.pieces, moves[-1][0], text.touched.union(*(ids for _, ids in moves)))

    async def _read(self, repository: str) -> _Text:
        async with self._catalog.begin() as tx:
            move = await tx.history.newest()  # before the tags: those may only be newer
        pieces: list[str] = []
        last = ""
        while True:
            async with self._catalog.begin(aside=True) as tx:
                piece, last = await tx.lists.artifacts.tag_text(repository, last, TEXT_TAGS)
            if not last:
                return _Text(pieces, move)
            pieces.append(piece)


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
