"""The journal in an object store: an object for each batch, joined later.

    journal/00000000000000000001-00000000000000000120.jsonl    first and last sequence of its lines

Nothing is ever written over: an object's lines follow from its name, as each sequence stands for
one event forever. So two replicas may write at once, when one was cut off and does not know yet;
what overlaps is passed over when it is read. Lines are those of the files.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.ports.catalog import Event
from entrepot.ports.journal import Unreadable

from .lines import decode_line, encode_line

FOLDER = "journal"
JOINED_COUNT = 64
"""So many objects in a row are joined into one."""
JOINED_MAX_BYTES = 16 * 1024 * 1024
"""Up to this size, which is held in memory; larger ones stay as they are."""

_NAME = re.compile(r"([0-9]{20})-([0-9]{20})\.jsonl")


class Listed(Protocol):
    """An object as a listing has it."""

    @property
    def key(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


class Objects(Protocol):
    """What is needed of an object store. Its errors are OSError."""

    async def get(self, key: str) -> bytes | None: ...
    async def put(self, key: str, data: bytes) -> None: ...
    async def delete(self, keys: Sequence[str]) -> None: ...
    def list(self, prefix: str) -> AsyncIterator[Listed]: ...


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    first: int
    last: int
    size_bytes: int

    @property
    def key(self) -> str:
        return f"{FOLDER}/{self.first:020d}-{self.last:020d}.jsonl"


class ObjectJournal:
    """Keeps `ports.journal.Journal`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._last = 0
        self._written = 0

    @property
    def last(self) -> int:
        return self._last

    async def look(self) -> None:
        """Find out how far it is; before the first `append`, and after another replica's."""
        self._last = max((part.last for part in await self._parts()), default=0)

    async def append(self, events: list[Event]) -> None:
        fresh = [event for event in events if event.sequence > self._last]
        if not fresh:
            return
        lines = b"".join(encode_line(event) for event in fresh)
        part = _Part(fresh[0].sequence, fresh[-1].sequence, len(lines))
        await self._objects.put(part.key, lines)
        self._last = part.last
        self._written += 1
        if self._written % JOINED_COUNT == 0:
            await self._join()

    async def events(self, after: int = 0) -> AsyncIterator[Event | Unreadable]:
        for part in await self._parts():
            if part.last <= after:
                continue
            # One that was joined meanwhile is found again in the larger one.
            lines = await self._objects.get(part.key)
            if lines is None:
                async for found in self.events(after):
                    yield found
                return
            for number, line in enumerate(lines.splitlines(keepends=True), 1):
                event = decode_line(line)
                if event is None:
                    yield Unreadable(f"{part.key}, line {number}")
                elif event.sequence > after:
                    after = event.sequence
                    yield event

    async def close(self) -> None:
        """Nothing: the store is another's to close."""

    async def _parts(self) -> list[_Part]:
        parts: list[_Part] = []
        async for listed in self._objects.list(FOLDER):
            found = _NAME.fullmatch(listed.key.rpartition("/")[2])
            if found:
                parts.append(_Part(int(found[1]), int(found[2]), listed.size_bytes))
        return sorted(parts)

    async def _join(self) -> None:
        """Join what came last, as far as that is small; the parts go once the whole is there."""
        tail: list[_Part] = []
        size = 0
        for part in reversed(await self._parts()):
            size += part.size_bytes
            if size > JOINED_MAX_BYTES:
                break
            tail.append(part)
        if len(tail) < JOINED_COUNT:
            return
        tail.reverse()
        lines: list[bytes] = []
        for part in tail:
            found = await self._objects.get(part.key)
            if found is None:  # another replica joins them just now
                return
            lines.append(found)
        whole = _Part(tail[0].first, max(part.last for part in tail), size)
        await self._objects.put(whole.key, b"".join(lines))
        await self._objects.delete([part.key for part in tail if part.key != whole.key])
