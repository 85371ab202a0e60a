"""Drain threads: who may stay how long, and that nothing is left behind."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from entrepot.faces.server import drain as drain_module
from entrepot.faces.server.drain import BodyDrain
from entrepot.faces.server.limits import BodyPace, ServerLimits
from entrepot.faces.server.threads import DrainThreads

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def threads() -> Iterator[DrainThreads]:
    pool = DrainThreads(1)
    yield pool
    pool.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    near.settimeout(0)
    with near, far:
        yield near, far


def make(near: socket.socket, threads: DrainThreads, got: bytearray) -> BodyDrain:
    return BodyDrain(
        near,
        got.extend,
        threads=threads,
        length=1_000_000_000,
        feed=lambda view: None,
        pace=BodyPace(ServerLimits()),
        received_bytes=0,
    )


def test_an_idle_client_gives_its_thread_back(
    pair: Pair, threads: DrainThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "TURN_SECONDS", 1000)
    near, far = pair
    far.send(b"x" * 1000)
    got = bytearray()
    assert make(near, threads, got)._burst()
    assert len(got) == 1000


@pytest.mark.parametrize(
    "size, contended, back_to_loop",
    [(1, False, True), (1, True, True), (drain_module.READ_BYTES, True, False)],
)
def test_a_turn_ends(
    pair: Pair,
    threads: DrainThreads,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    contended: bool,
    back_to_loop: bool,
) -> None:
    """For a client that drips without a pause; for a fast one when others wait."""
    monkeypatch.setattr(drain_module, "IDLE_MS", 1000)
    monkeypatch.setattr(drain_module, "TURN_SECONDS", 0.2)
    near, far = pair
    stop = threading.Event()
    data = bytes(size)

    def feed() -> None:
        with contextlib.suppress(ConnectionError):  # the end of the test
            while not stop.is_set():
                far.send(data)
                if size == 1:
                    stop.wait(0.002)

    if contended:
        threads._queued.append(None)
    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    got = bytearray()
    assert make(near, threads, got)._burst() is back_to_loop
    assert got
    stop.set()
    near.close()
    feeder.join()


async def test_at_most_so_many_at_once() -> None:
    pool = DrainThreads(2)
    running = most = 0
    lock = threading.Lock()
    gate = threading.Barrier(2)

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(5)
        with lock:
            running -= 1

    await asyncio.gather(*(pool.run(call, on_cancel=lambda: None) for _ in range(6)))
    assert most == 2
    assert not pool.contended
    pool.close()


async def test_cancelled_while_it_waits_for_a_thread(threads: DrainThreads) -> None:
    release = threading.Event()
    ran: list[int] = []
    first = asyncio.ensure_future(
        threads.run(lambda: release.wait(5), on_cancel=lambda: None),
    )
    second = asyncio.ensure_future(threads.run(lambda: ran.append(2), on_cancel=release.set))
    await asyncio.sleep(0)
    assert threads.contended
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await first
    assert ran == [2]
    assert not threads.contended


def test_buffers_are_used_again(threads: DrainThreads) -> None:
    with threads.buffer() as first:
        pass
    with threads.buffer() as second:
        assert second is first
        with threads.buffer() as third:
            assert third is not first
