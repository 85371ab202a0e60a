"""The fetches under way, at most one of each blob."""

import asyncio
from functools import partial

from entrepot.ports.blobs import Blob, Reading
from entrepot.rules.caching import Asked

from .contents import Contents
from .fill import Fill, LocalTrouble
from .options import ADMIT_FIRST

FILLS_MAX = 32
"""Fetches at once; a blob beyond that is read without being kept."""
PAUSE_SECONDS = 30.0
"""How long nothing is kept after the cache's own disk failed."""


class Fills:
    """Begins fetches, and makes the blobs that they bring part of the contents."""

    def __init__(self, contents: Contents, admit: str) -> None:
        self.asked: Asked[Blob] = Asked()
        self._contents = contents
        self._admit = admit
        self._fills: dict[Blob, Fill] = {}
        self._tasks: dict[Fill, asyncio.Task[None]] = {}
        self._paused_until = 0.0
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._fills)

    def find(self, blob: Blob) -> Fill | None:
        """Return the fetch of a blob that is under way, or just over."""
        return self._fills.get(blob)

    def start(self, blob: Blob, source: Reading) -> Fill | None:
        """Begin to keep what `source` gives, all of a blob; None if it is not to be kept.

        The source is the fetch's from then on. Nobody else may be fetching the blob.
        """
        size = source.span.length
        was_asked = blob in self.asked
        self.asked.note(blob, size, size)
        if not self.may_keep(size) or not (was_asked or self._admit == ADMIT_FIRST):
            return None
        evicted = self._contents.reserve(blob, size)
        if evicted is None:
            return None
        self.asked.forget(blob)
        fill = Fill(blob, source, self._contents.shelf, self._contents.threads.disk, evicted)
        self._fills[blob] = fill
        task = self._tasks[fill] = asyncio.create_task(fill.run())
        task.add_done_callback(partial(self._ended, fill))
        return fill

    def may_keep(self, size: int) -> bool:
        """Whether anything of that size can be kept as things stand."""
        if not size or self._is_closed or len(self._fills) >= FILLS_MAX:
            return False
        return asyncio.get_running_loop().time() >= self._paused_until

    def abandoned(self, fill: Fill) -> None:
        """End a fetch that nobody follows any more, unless it is worth its end."""
        if not fill.followers and not fill.is_over and not fill.is_worth_it:
            self._tasks[fill].cancel()

    def unwanted(self, blob: Blob) -> None:
        """Do not keep what is being fetched of a blob; who reads it gets it all the same."""
        fill = self._fills.get(blob)
        if fill is not None:
            fill.is_wanted = False

    def pause(self) -> None:
        """The disk is full or broken: make some room, and keep nothing for a while."""
        self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
        self._contents.shrink()

    async def close(self) -> None:
        """End all of them."""
        self._is_closed = True
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # `_ended` of each comes before

    def _ended(self, fill: Fill, task: asyncio.Task[None]) -> None:
        del self._fills[fill.blob], self._tasks[fill]
        fill.end()
        contents, tally = self._contents, self._contents.tally
        contents.remove(*fill.evicted)  # if it was cancelled before it began
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            contents.release(fill.blob)
            tally.failed_fills += error is not None
            if isinstance(error, LocalTrouble):
                self.pause()
        elif not fill.is_wanted:
            contents.release(fill.blob)
            contents.remove(contents.shelf.path(fill.blob))
        else:
            contents.settle(fill.blob, fill.size, is_right=True)
            tally.fills += 1
            tally.filled_bytes += fill.size
