"""Bytes on their way from a thread into parts, with a bound on how many wait."""

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from entrepot.oci.digest import Hasher

from .errors import StoreFailed

Write = Callable[[memoryview], None]
Send = Callable[[int, bytearray], Coroutine[Any, Any, None]]
"""Stores a part, by its number from 1 in its segment; called in order, awaited at once."""


class Growing:
    """What an upload has in memory: the hashes of all its bytes, and those in no part yet.

    `open`, `close` and the like are called on the loop, what `open` returns in any thread, one call
    at a time. A full part is handed to the loop; while more than `in_flight_max` are on their way,
    a thread waits. The loop's own thread never does: what a server writes there is little.
    """

    def __init__(self, size_of: Callable[[int], int], in_flight_max: int) -> None:
        self.tail = bytearray()
        self.hashers: dict[str, Hasher] = {}
        self.offset = 0
        self.is_gone = False
        self._size_of = size_of
        self._in_flight_max = in_flight_max
        self._gate = threading.Condition()
        self._turn: object = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending = 0
        self._error: BaseException | None = None

    def open(self, send: Send, parts: int) -> Write:
        """Begin an append to a segment of so many parts: return what takes its views.

        That one raises FileNotFoundError after `give_up`, and ValueError after the append's end.
        """
        with self._gate:
            self._turn = turn = object()
            self._error = None
        loop = asyncio.get_running_loop()
        cut = _Cut(loop, threading.get_ident(), send, parts)
        return partial(self._write, turn, cut)

    async def close(self) -> None:
        """End the append; return when its parts are stored, or raise what one of them raised."""
        with self._gate:
            self._turn = None
        # A part that was cut last may still be on its way to the loop.
        while self._pending or self._tasks:
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                await asyncio.sleep(0)
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def reset(self, offset: int, tail: bytes, hashers: dict[str, Hasher]) -> None:
        """Stand where that is all there is."""
        with self._gate:
            self.offset = offset
            self.tail = bytearray(tail)
            self.hashers = hashers

    def give_up(self) -> None:
        """Take no more, ever; a thread that waits or writes fails."""
        with self._gate:
            self.is_gone = True
            self._turn = None
            for task in self._tasks:
                task.cancel()
            self._gate.notify_all()

    def _write(self, turn: object, cut: "_Cut", view: memoryview) -> None:
        with self._gate:
            self._check(turn)
            for hasher in self.hashers.values():
                hasher.update(view)
            self.offset += len(view)
            while len(view):
                room = self._size_of(cut.parts) - len(self.tail)
                self.tail += view[:room]
                view = view[room:]
                if not len(view) and len(self.tail) < self._size_of(cut.parts):
                    return
                self._hand_over(cut)
                if threading.get_ident() != cut.loop_thread:
                    self._wait(turn, cut.parts)

    def _hand_over(self, cut: "_Cut") -> None:
        part, self.tail = self.tail, bytearray()
        cut.parts += 1
        self._pending += 1
        try:
            cut.loop.call_soon_threadsafe(self._start, cut.send(cut.parts, part))
        except RuntimeError:  # the loop was closed: nobody waits for this any more
            self._pending -= 1
            raise

    def _wait(self, turn: object, parts: int) -> None:
        # Of parts that have grown one at a time goes up, while the next one is filled.
        has_grown = self._size_of(parts) > self._size_of(0)
        limit = 1 if has_grown else self._in_flight_max
        while self._pending > limit and self._error is None:
            self._gate.wait()
            self._check(turn)
        if self._error is not None:
            raise OSError(errno.EIO, "an earlier part could not be stored") from self._error

    def _check(self, turn: object) -> None:
        if self.is_gone:
            raise FileNotFoundError("the upload was aborted")
        if self._turn is not turn:
            raise ValueError("the append has ended")

    def _start(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(sending)
        if self.is_gone:
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        with self._gate:
            self._tasks.discard(task)
            self._pending -= 1
            if self._error is None:
                self._error = _error_of(task)
            self._gate.notify_all()


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    if task.cancelled():  # by `give_up`, after which nobody asks, or as the loop ends
        return StoreFailed("a part was not stored: this process is ending")
    return task.exception()


class _Cut:
    """Where an append's parts go."""

    __slots__ = ("loop", "loop_thread", "parts", "send")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, loop_thread: int, send: Send, parts: int
    ) -> None:
        self.loop = loop
        self.loop_thread = loop_thread
        self.send = send
        self.parts = parts
