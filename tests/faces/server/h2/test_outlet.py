"""Writes to a peer that does not read."""

import asyncio

from entrepot.faces.server.h2.outlet import BACKLOG_BYTES, BUFFER_BYTES, Outlet


class Pipe(asyncio.Transport):
    """A transport whose peer reads when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0
        self.reading = True
        self.high: int | None = None

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high

    def get_write_buffer_size(self) -> int:
        return self.held

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.held += len(data)

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True


def test_nothing_is_read_from_a_peer_that_reads_no_answers() -> None:
    pipe = Pipe()
    out = Outlet(pipe)
    assert pipe.high == BUFFER_BYTES
    out.write(b"x" * BACKLOG_BYTES)
    assert pipe.reading
    for _ in range(3):
        out.write(b"x")
        assert not pipe.reading
    out.pause()
    out.resume()
    assert pipe.reading
    out.resume()


async def test_writers_wait() -> None:
    out = Outlet(Pipe())
    await out.ready()
    out.pause()
    waiting = asyncio.ensure_future(out.ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    out.lost()
    await waiting


def test_stalled() -> None:
    pipe = Pipe()
    out = Outlet(pipe)
    assert not out.stalled(0, seconds=10)
    out.write(b"x" * 100)
    assert not out.stalled(100, seconds=10)
    assert not out.stalled(109, seconds=10)
    pipe.held = 50  # it has read some
    assert not out.stalled(111, seconds=10)
    assert out.stalled(121, seconds=10)
    pipe.held = 0
    assert not out.stalled(131, seconds=10)
