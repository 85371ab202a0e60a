"""The worker threads that drain request bodies, and their buffers."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

BUFFER_BYTES = 512 * 1024
"""recv and SHA-256 both run at full speed from here on, and six buffers are 3 MiB."""

T = TypeVar("T")


async def settled(future: asyncio.Future[T], on_cancel: Callable[[], None] | None = None) -> T:
    """Wait for a thread's end even when cancelled meanwhile.

    What the thread uses (a file, a socket, a view) may thus be let go by whoever awaits this.
    `on_cancel` asks the thread to end soon; the cancellation is raised after its end.
    """
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError as error:
            cancelled = error
            if on_cancel is not None:
                on_cancel()
    if cancelled is not None:
        future.exception()  # marks it as seen: the cancellation is what is raised
        raise cancelled
    return future.result()


def submit(executor: Executor | None, call: Callable[[], T]) -> asyncio.Future[T]:
    """Start a blocking call in a thread; None is the loop's own executor."""
    return asyncio.get_running_loop().run_in_executor(executor, call)


class DrainThreads:
    """A bounded pool of threads and as many buffers, made when first needed."""

    def __init__(self, threads_max: int, buffer_bytes: int = BUFFER_BYTES) -> None:
        self.executor = ThreadPoolExecutor(max(1, threads_max), thread_name_prefix="drain")
        self._buffer_bytes = buffer_bytes
        self._buffers: deque[memoryview] = deque()
        self._queued: deque[None] = deque()

    @property
    def contended(self) -> bool:
        """Whether somebody waits for a thread."""
        return bool(self._queued)

    async def run(self, call: Callable[[], T], *, on_cancel: Callable[[], None]) -> T:
        """Run `call` in one of the threads, to its end (see `settled`)."""

        def started() -> T:
            self._queued.pop()
            return call()

        self._queued.append(None)
        return await settled(submit(self.executor, started), on_cancel)

    @contextmanager
    def buffer(self) -> Iterator[memoryview]:
        """Lend a buffer; at most one per thread is ever out."""
        try:
            view = self._buffers.pop()
        except IndexError:
            view = memoryview(bytearray(self._buffer_bytes))
        try:
            yield view
        finally:
            self._buffers.append(view)

    def close(self) -> None:
        """Take no more work; running calls end by themselves."""
        self.executor.shutdown(wait=False)
