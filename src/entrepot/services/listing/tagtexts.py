"""Tags of large repositories in memory, where parts of names are found.

Names lie in order, and those that differ in their last two letters only share the rest, the stem:
versions and numbers of builds do. A word is looked for in the stems, which are far less text, and
where a stem ends with the word's begin, in the endings too.
"""

import asyncio
import re
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from entrepot.ports.catalog import Catalog

TEXTS_SIZE_MAX_BYTES = 48 << 20
"""Memory that all of them may take; repositories searched longest ago go first."""
TEXT_TAGS = 4000
"""Tags that are read, and put in their form, at a stretch, in some milliseconds."""
SEARCHED_AT_ONCE = 32
"""Pieces that are searched at a stretch, in a fraction of a millisecond."""
FOUND_AT_ONCE = 1000
"""Manifests after which a stretch ends: what finds much takes longer."""
TOUCHED_MAX = 500
"""Manifests whose tags are looked at anew in each search; after more all is read anew."""
WORD = re.compile(r"[A-Za-z0-9_.-]{1,128}")
"""What a tag may have in it."""
_ENDING = 2
_ENTRY = re.compile(r"(?:([^/,]*)([^/,]{2})|([^/,]))/([0-9]+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some tags: each stem, in the order of the names, with the endings it has there."""

    stems: str
    """Each with a comma behind it."""
    places: "array[int]"
    """Where stems begin."""
    firsts: "array[int]"
    """The number of each stem's first tag, and of the last one's end."""
    endings: str
    """Two letters of each tag; a name of one has a comma before it."""
    ids: "array[int]"
    """Manifests of the tags."""

    @classmethod
    def of(cls, text: str) -> "Piece":
        """Return what a text of tags says, `tag/id,tag/id`."""
        stems: list[str] = []
        places, firsts, ids = array("I"), array("I"), array("q")
        endings: list[str] = []
        last, place = None, 0
        for stem, ending, single, number in _ENTRY.findall(text):
            if stem != last:
                stems.append(stem)
                places.append(place)
                firsts.append(len(endings))
                last, place = stem, place + len(stem) + 1
            endings.append(ending or f",{single}")
            ids.append(int(number))
        firsts.append(len(endings))
        return cls("".join([f"{stem}," for stem in stems]), places, firsts, "".join(endings), ids)

    @property
    def size_bytes(self) -> int:
        arrays = (self.places, self.firsts, self.ids)
        texts = len(self.stems) + len(self.endings)
        return texts + sum(len(one) * one.itemsize for one in arrays)

    def find(self, wanted: "Wanted") -> set[int]:
        """Return the manifests whose tags have a word in them."""
        found: set[int] = set()
        for match in wanted.stems.finditer(self.stems):
            at = bisect_right(self.places, match.start()) - 1
            begin, end = self.firsts[at], self.firsts[at + 1]
            if self.stems[match.end() - 1] != ",":
                found.update(self.ids[begin:end])
                continue
            stem = self.stems[self.places[at] : match.end() - 1]
            for number in range(begin, end):
                if wanted.word in stem + self._ending(number):
                    found.add(self.ids[number])
        if wanted.endings is not None:
            for match in wanted.endings.finditer(self.endings):
                number = match.start() // _ENDING
                if wanted.word in self._ending(number):
                    found.add(self.ids[number])
        return found

    def _ending(self, number: int) -> str:
        return self.endings[number * _ENDING : (number + 1) * _ENDING].lstrip(",")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A word, and where it may be found."""

    word: str
    stems: re.Pattern[str]
    """In a stem, or where one ends so that the word may end behind it."""
    endings: re.Pattern[str] | None
    """In endings alone, for which it must be short."""

    @classmethod
    def of(cls, word: str) -> "Wanted":
        """Return how a word of `WORD` is found."""
        if len(word) == 1:
            return cls(word, re.compile(re.escape(word)), re.compile(re.escape(word)))
        head, one, rest = map(re.escape, (word[:-_ENDING], word[-2], word[-_ENDING:]))
        if head:
            return cls(word, re.compile(f"{head}(?:{rest}|{one}?,)"), None)
        return cls(word, re.compile(f"{rest}|{one},"), re.compile(f"(?={rest})"))


@dataclass(frozen=True, slots=True)
class TagText:
    """All tags of a repository as they were at a move; not of manifests touched since."""

    pieces: list[Piece]
    move: int
    touched: frozenset[int] = frozenset()
    size_bytes: int = 0

    def find(self, word: str) -> Iterator[set[int]]:
        """Yield the manifests with a word in their tags, a stretch at a time."""
        wanted, found, searched = Wanted.of(word), set[int](), 0
        for piece in self.pieces:
            found |= piece.find(wanted)
            searched += 1
            if searched == SEARCHED_AT_ONCE or len(found) >= FOUND_AT_ONCE:
                yield found
                found, searched = set(), 0
        if searched:
            yield found


class TagTexts:
    """Tags of large repositories, as they are now."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: OrderedDict[str, TagText] = OrderedDict()
        self._lock = asyncio.Lock()

    async def of(self, repository: str) -> TagText:
        """Return a repository's as it is now, read anew once many of its tags have moved."""
        async with self._lock:
            known = self._known.pop(repository, None)
            text = await self._followed(repository, known) if known is not None else None
            self._known[repository] = text = text or await self._read(repository)
            sizes = [each.size_bytes for each in self._known.values()]
            while len(sizes) > 1 and sum(sizes) > TEXTS_SIZE_MAX_BYTES:
                self._known.popitem(last=False)
                del sizes[0]
            return text

    async def _followed(self, repository: str, text: TagText) -> TagText | None:
        """Return it with what was touched since; None if that is too much to look at."""
        room = TOUCHED_MAX - len(text.touched)
        async with self._catalog.begin() as tx:
            moves = await tx.lists.artifacts.moved(repository, text.move, room)
        if len(moves) >= room:
            return None
        if not moves:
            return text
        touched = text.touched.union(*(ids for _, ids in moves))
        return replace(text, move=moves[-1][0], touched=touched)

    async def _read(self, repository: str) -> TagText:
        async with self._catalog.begin() as tx:
            move = await tx.history.newest()  # before the tags: those may only be newer
        pieces: list[Piece] = []
        last = ""
        while True:
            async with self._catalog.begin(aside=True) as tx:
                piece, last = await tx.lists.artifacts.tag_text(repository, last, TEXT_TAGS)
            if not last:
                size_bytes = sum(one.size_bytes for one in pieces)
                return TagText(pieces, move, size_bytes=size_bytes)
            pieces.append(Piece.of(piece))
