"""How far an upload is: its pieces, and what is in no part yet."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from entrepot.adapters.blobs._shared import settled
from entrepot.oci.digest import DEFAULT_ALGORITHM, Hasher
from entrepot.ports.blobs import Blob

from .errors import StoreFailed
from .growing import Growing, Write
from .hashing import go_on, start, state_of
from .keeping import KeptRecord
from .means import Means, unsealed
from .pieces import Pieces
from .records import Pointer, Record
from .segments import ROLL_PARTS, PartsSegment


class Progress:
    """The bytes of one upload. What came after the last record is taken back when it fails."""

    def __init__(self, record: Record, kept: KeptRecord, means: Means) -> None:
        self.kept = kept
        self.pieces = Pieces(record.data_id, means)
        self.growing = Growing(self.pieces.size_of_part, means.concurrency)
        self.target: Blob | None = None
        self.is_dirty = False
        self._means = means
        self._is_resting = False
        self._stand_at(record)

    @property
    def is_small(self) -> bool:
        """Whether all of it is in memory, and little."""
        return (
            not self.pieces.sealed
            and not self.pieces.count
            and len(self.growing.tail) < self._means.part_min_bytes
        )

    async def wake(self) -> None:
        """Have the bytes at hand that are in no part, and a segment that has room for more."""
        if self._is_resting:
            record = await self.kept.read()
            if record.offset != self.growing.offset:
                raise StoreFailed("another process went on with the upload: ask for its status")
            self.growing.tail = bytearray(record.tail)
            self.kept.saved = record
            self._is_resting = False
        if self.pieces.count >= ROLL_PARTS:
            await settled(self._seal_for_reading())

    def rest(self) -> None:
        """Keep in memory no more than `rest_max_bytes` that the record has too."""
        saved = self.kept.saved
        if saved is not None and not self.is_dirty and len(saved.tail) > self._means.rest_max_bytes:
            self.growing.tail = bytearray()
            self.kept.saved = replace(saved, tail=b"")
            self._is_resting = True

    def open(self) -> Write:
        """Begin an append: return what takes its views."""
        self.is_dirty = True
        return self.growing.open(self.pieces.send, self.pieces.count)

    async def end(self, *, durable: bool) -> None:
        """End an append: all its parts are stored, and with `durable` all its bytes are."""
        if self.growing.is_gone:
            return
        try:
            await self.growing.close()
            if durable:
                await self._keep()
        except asyncio.CancelledError:
            raise
        except BaseException:
            await self._take_back()
            if not self.growing.is_gone:
                raise

    async def hasher(self, algorithm: str) -> Hasher:
        """Return the running hash; where there is none, what is stored is read again."""
        hasher = self.growing.hashers.get(algorithm)
        if hasher is None:
            hasher = start(algorithm)
            await self.wake()
            await settled(self._seal_for_reading())
            for key in self.pieces.keys:
                answer = await self._means.bucket.open(key)
                if answer is None:
                    raise StoreFailed("a segment of the upload is empty")
                await self._means.bucket.feed(answer, hasher.update)
            hasher.update(self.growing.tail)
            self.growing.hashers[algorithm] = hasher
        return hasher

    async def finish(self, blob: Blob) -> Pointer:
        """Make all of it segments that are whole, which will be `blob`; return where they are.

        Harmless when repeated. What was not durable may be taken back when it fails.
        """
        self.target = blob
        try:
            return await self._finish()
        except OSError:
            segment = self.pieces.current
            if segment is not None and not segment.keeps:
                await self._take_back()
            raise

    async def _finish(self) -> Pointer:
        pieces = self.pieces
        segment = pieces.current
        if segment is not None and segment.count and segment.keeps:
            await self._add_tail()
            await self.kept.save(self._record(sealing=True))
        else:
            is_stored = not self.growing.tail and segment is None
            await self.kept.save(self._record() if is_stored else self._before())
            await self._add_tail()
        await pieces.seal()
        return Pointer(pieces.data_id, tuple(pieces.sealed))

    # Where it stands ------------------------------------------------------------------------

    def _stand_at(self, record: Record) -> None:
        """Be as far as the record says."""
        self.pieces.stand_at(record)
        found = {name: go_on(name, state) for name, state in record.states.items()}
        hashers = {name: hasher for name, hasher in found.items() if hasher is not None}
        if not record.offset:
            hashers[DEFAULT_ALGORITHM] = start(DEFAULT_ALGORITHM)
        self.growing.reset(record.offset, record.tail, hashers)
        self.is_dirty = False

    def _record(self, *, sealing: bool = False) -> Record:
        """Return where it stands, as far as that outlives the process."""
        segment = self.pieces.current
        states = {name: state_of(hasher) for name, hasher in self.growing.hashers.items()}
        record = Record(
            data_id=self.pieces.data_id,
            segments=tuple(self.pieces.sealed),
            target=self.target,
            states={name: state for name, state in states.items() if state is not None},
            tail=bytes(self.growing.tail),
        )
        if isinstance(segment, PartsSegment) and segment.parts:
            record = replace(
                record, multipart=segment.multipart, parts=segment.parts, sealing=sealing
            )
        return record

    def _before(self) -> Record:
        """Return what was true before anything that is not saved."""
        return replace(self.kept.saved or Record(self.pieces.data_id), target=self.target)

    async def _take_back(self) -> None:
        """Stand where the last record does: its bytes are those that were acknowledged."""
        segment = self.pieces.current
        if segment is not None and not segment.keeps:
            with suppress(OSError):
                await segment.drop()
        saved = self.kept.saved or Record(self.pieces.data_id)
        if saved.sealing:
            with suppress(OSError):
                saved = self.kept.saved = await unsealed(saved, self._means.bucket)
        self._stand_at(saved)

    # Segments -------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Make all bytes durable, and known to other processes."""
        segment = self.pieces.current
        is_stream = segment is not None and not segment.keeps
        if is_stream or len(self.growing.tail) >= self._means.part_min_bytes:
            if self._means.multiparts is None:
                await self.kept.save(self._before())
            await self._add_tail()
            if self._means.multiparts is None:
                await self.pieces.seal()
        await self.kept.save(self._record())
        self.is_dirty = False

    async def _add_tail(self) -> None:
        """Store what is in no part yet as one."""
        if self.growing.tail:
            await self.pieces.add(self.growing.tail)
            self.growing.tail = bytearray()

    async def _seal_for_reading(self) -> None:
        """As `_seal`, with the records that a crash in between needs."""
        segment = self.pieces.current
        if segment is None or not segment.count:
            return
        await self.kept.save(self._record(sealing=True) if segment.keeps else self._before())
        await self.pieces.seal()
        await self.kept.save(self._record())
