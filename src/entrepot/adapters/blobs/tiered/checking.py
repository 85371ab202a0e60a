"""Files of the cache compared with their digests: when asked for, and in turn."""

import asyncio
from collections import deque
from functools import partial

from entrepot.adapters.blobs.fs.disk import Disk
from entrepot.adapters.blobs.fs.reading import Descriptor
from entrepot.oci.digest import Hasher, finished, new_hasher
from entrepot.ports.blobs import Blob

from .contents import Contents, Held
from .shelf import READ_BYTES, TOO_MANY, Shelf

TURN_BYTES = 64 * 1024 * 1024
"""Read before a thread is given back, where somebody waits for the end."""
WAIT_MAX_BYTES = 256 * 1024 * 1024
"""A file left by an earlier process is compared before its first reader gets it; a larger one is
compared meanwhile, and read below until then."""
ROUND_REST_SECONDS = 6 * 3600.0
"""How long the checking rests when all was checked."""
REST_SECONDS = 0.05
"""How long it rests after each file at least."""


class Check:
    """Reads a file of the shelf again."""

    def __init__(self, blob: Blob, shelf: Shelf, disk: Disk, bytes_per_second: int | None) -> None:
        """Read at no more than that rate, if it is given, until somebody is in a hurry."""
        self._blob = blob
        self._shelf = shelf
        self._disk = disk
        self._rate = bytes_per_second
        self.task = asyncio.create_task(self._run())

    def hurry(self) -> None:
        """Somebody waits now: read as fast as can be."""
        self._rate = None

    async def _run(self) -> bool:
        """Whether the file can be read and has the digest; OSError if that cannot be told."""
        algorithm = self._blob.digest.algorithm
        hasher = new_hasher(algorithm)
        try:
            descriptor = await self._disk.run(lambda: Descriptor(self._shelf.open(self._blob)))
        except OSError as error:
            if error.errno in TOO_MANY:
                raise
            return False
        share = descriptor.share()
        position = 0
        try:
            while True:
                turn = TURN_BYTES if self._rate is None else READ_BYTES
                feed = partial(self._feed, descriptor.file, hasher, position, turn)
                count = await self._disk.run(feed)
                position += count
                if count < turn:
                    return finished(hasher, algorithm) == self._blob.digest
                if self._rate is not None:
                    await asyncio.sleep(count / self._rate)
        except OSError:  # a medium that cannot read it has not got it
            return False
        finally:
            share.close()

    def _feed(self, file: int, hasher: Hasher, position: int, most_bytes: int) -> int:
        """Hash bytes from there on; return how many, fewer than asked for at the end only."""
        done = 0
        while done < most_bytes:
            piece = self._shelf.system.read(file, READ_BYTES, position + done)
            if not piece:
                break
            hasher.update(piece)
            done += len(piece)
        return done


class Checks:
    """The comparisons under way, and whose turn it is next."""

    def __init__(self, contents: Contents, bytes_per_second: int) -> None:
        self._contents = contents
        self._rate = bytes_per_second
        self._running: dict[Held, Check] = {}
        self._round: deque[Blob] = deque()

    async def prove(self, blob: Blob) -> bool:
        """Compare a file that nobody has compared yet; False if there is nothing to wait for."""
        held = self._contents.find(blob)
        if held is None or held.is_right:
            return False
        check = self._check(blob, held)
        check.hurry()
        if held.size > WAIT_MAX_BYTES:
            return False
        await asyncio.wait((check.task,))
        return not check.task.cancelled() and check.task.exception() is None

    async def next(self) -> int | None:
        """Compare the blob whose turn it is, at the set rate; return its size in bytes.

        None at the end of a round. What was never compared comes first.
        """
        while self._round:
            blob = self._round.popleft()
            held = self._contents.find(blob)
            if held is not None:
                await asyncio.wait((self._check(blob, held, self._rate).task,))
                return held.size
        return None

    def begin_round(self) -> None:
        """Let all have their turn that are there now."""
        found = [(blob, self._contents.find(blob)) for blob in self._contents]
        self._round = deque(blob for blob, held in found if held and not held.is_right)
        self._round.extend(blob for blob, held in found if held and held.is_right)

    async def tend(self) -> None:
        """Compare file after file, round after round, until cancelled."""
        while True:
            self.begin_round()
            rest = 0.0
            while rest < ROUND_REST_SECONDS:
                size = await self.next()
                if size is None:
                    rest = ROUND_REST_SECONDS
                else:
                    rest = max(REST_SECONDS, min(size, READ_BYTES) / self._rate)
                await asyncio.sleep(rest)

    async def close(self) -> None:
        tasks = [check.task for check in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _check(self, blob: Blob, held: Held, rate: int | None = None) -> Check:
        """Return the comparison of a file that is under way, or begin one."""
        check = self._running.get(held)
        if check is None:
            disk = self._contents.threads.disk
            check = self._running[held] = Check(blob, self._contents.shelf, disk, rate)
            check.task.add_done_callback(partial(self._checked, blob, held))
        return check

    def _checked(self, blob: Blob, held: Held, task: asyncio.Task[bool]) -> None:
        del self._running[held]
        if task.cancelled() or task.exception() or self._contents.find(blob) is not held:
            return
        if task.result():
            held.is_right = True
        else:
            self._contents.corrupt(blob)
