"""The drain extension on any ASGI server, by way of `receive`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from entrepot.faces.asgi import DRAIN, App, Receive, Scope, Send

from .threads import settled, submit

BATCH_BYTES = 256 * 1024
"""Pieces are gathered to this size: a thread is then worth its 0.1 ms."""
INLINE_BYTES = 64 * 1024
"""A body that is here whole and no larger is written on the loop (hashing it takes 35 µs)."""

Write = Callable[[memoryview], None]


async def drain_plain(
    receive: Receive,
    write: Write,
    *,
    executor: Executor | None = None,
    batch_bytes: int = BATCH_BYTES,
) -> None:
    """Give the rest of a request body to the blocking `write`, in order, one call at a time.

    The next batch is received while the last one is written. Raises ConnectionResetError when
    the client vanished, after all that was received was written; what `write` raises passes.
    """
    writer = _Writer(write, executor)
    parts: list[bytes] = []
    size = 0
    more = True
    gone = False
    try:
        while more and not gone:
            message = await receive()
            gone = message["type"] == "http.disconnect"
            part: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            parts.append(part)
            size += len(part)
            if size >= batch_bytes:
                await writer.start(b"".join(parts))
                parts, size = [], 0
        await writer.settle()
    except BaseException:
        await writer.abandon()
        raise
    await write_out(b"".join(parts), write, executor)
    if gone:
        raise ConnectionResetError("the client went away within the request body")


async def write_out(data: bytes | bytearray, write: Write, executor: Executor | None) -> None:
    """Write once: here when it is little, in a thread when it is more."""
    if not data:
        return
    view = memoryview(data)
    if len(view) <= INLINE_BYTES:
        write(view)
    else:
        await settled(submit(executor, partial(write, view)))


class _Writer:
    """One write at a time in a thread, overlapped with what the caller does."""

    def __init__(self, write: Write, executor: Executor | None) -> None:
        self._write = write
        self._executor = executor
        self._running: asyncio.Future[None] | None = None

    async def start(self, data: bytes) -> None:
        """Begin a write when the one before has ended well."""
        await self.settle()
        self._running = submit(self._executor, partial(self._write, memoryview(data)))

    async def settle(self) -> None:
        """Wait for the running write and raise what it raised."""
        future, self._running = self._running, None
        if future is not None:
            await settled(future)

    async def abandon(self) -> None:
        """Wait for the running write, whatever comes of it: another error is on its way."""
        future, self._running = self._running, None
        if future is not None:
            await asyncio.wait((future,))
            future.exception()


class WithDrain:
    """An application with the drain extension offered where the server does not."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and DRAIN not in scope.get("extensions", {}):
            drain = partial(drain_plain, receive)
            extensions = {**scope.get("extensions", {}), DRAIN: {"drain": drain}}
            scope = {**scope, "extensions": extensions}
        await self._app(scope, receive, send)
