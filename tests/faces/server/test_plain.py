"""The drain on any ASGI server."""

import asyncio
import threading
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.asgi import DRAIN, Message, Receive, Scope, Send
from entrepot.faces.server.plain import BATCH_BYTES, INLINE_BYTES, WithDrain, drain_plain


def receiving(parts: Iterable[bytes | None]) -> Receive:
    """Yield parts of a body; None is the disconnect. Blocks for ever after the last."""
    queue = list(parts)

    async def receive() -> Message:
        part = queue.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(queue)}

    return receive


@given(st.lists(st.binary(max_size=3), min_size=1), st.integers(1, 9), st.booleans())
def test_every_byte_in_batches(parts: list[bytes], batch: int, cut: bool) -> None:
    calls: list[bytes] = []

    def write(view: memoryview) -> None:
        calls.append(bytes(view))

    drain = drain_plain(receiving([*parts, None] if cut else parts), write, batch_bytes=batch)
    if cut:
        with pytest.raises(ConnectionResetError):
            asyncio.run(drain)
    else:
        asyncio.run(drain)
    assert b"".join(calls) == b"".join(parts)
    assert all(len(call) >= batch for call in calls[:-1])


async def test_little_is_written_on_the_loop_and_more_in_a_thread() -> None:
    threads: list[threading.Thread] = []

    def write(view: memoryview) -> None:
        threads.append(threading.current_thread())

    await drain_plain(receiving([b"x" * INLINE_BYTES]), write)
    assert threads == [threading.main_thread()]
    await drain_plain(receiving([b"x" * (INLINE_BYTES + 1)]), write)
    await drain_plain(receiving([b"x" * BATCH_BYTES, b"", b""]), write)
    assert len(threads) == 3
    assert threading.main_thread() not in threads[1:]


async def test_one_write_at_a_time_beside_receiving() -> None:
    writing = 0
    received_while_writing = False
    base = receiving([b"x" * BATCH_BYTES] * 6)

    async def receive() -> Message:
        nonlocal received_while_writing
        received_while_writing |= writing > 0
        await asyncio.sleep(0.001)
        return await base()

    def write(view: memoryview) -> None:
        nonlocal writing
        writing += 1
        assert writing == 1
        time.sleep(0.005)
        writing -= 1

    await drain_plain(receive, write)
    assert received_while_writing


@pytest.mark.parametrize("parts", [1, 3])
async def test_error_of_the_sink(parts: int) -> None:
    calls = 0

    def write(view: memoryview) -> None:
        nonlocal calls
        calls += 1
        raise KeyError

    with pytest.raises(KeyError):
        await drain_plain(receiving([b"x" * BATCH_BYTES] * parts), write)
    assert calls == 1


async def test_error_of_receive_waits_for_the_write() -> None:
    done = False
    parts = [b"x" * BATCH_BYTES]

    async def receive() -> Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": True}
        raise KeyError

    def write(view: memoryview) -> None:
        nonlocal done
        time.sleep(0.01)
        done = True

    with pytest.raises(KeyError):
        await drain_plain(receive, write)
    assert done


async def test_cancelling_waits_for_the_write() -> None:
    entered = threading.Event()
    done = False

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * BATCH_BYTES, "more_body": True}

    def write(view: memoryview) -> None:
        nonlocal done
        entered.set()
        time.sleep(0.02)
        done = True

    task = asyncio.ensure_future(drain_plain(receive, write))
    while not entered.is_set():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done


async def test_wrapper_adds_what_is_missing() -> None:
    got = bytearray()
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        if scope["type"] == "http":
            await scope["extensions"][DRAIN]["drain"](got.extend)

    async def send(message: Message) -> None:
        raise AssertionError

    given_scope: Scope = {"type": "http", "extensions": {"other": {}}}
    await WithDrain(app)(given_scope, receiving([b"ab", b"c"]), send)
    assert got == b"abc"
    assert given_scope == {"type": "http", "extensions": {"other": {}}}
    assert set(scopes[0]["extensions"]) == {"other", DRAIN}

    own: Scope = {"type": "http", "extensions": {DRAIN: {"drain": app}}}
    lifespan: Scope = {"type": "lifespan"}
    await WithDrain(app)(lifespan, receiving([]), send)
    assert scopes[1] is lifespan

    async def see(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope is own

    await WithDrain(see)(own, receiving([]), send)
