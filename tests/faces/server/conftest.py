"""Servers on loopback, under asyncio and under uvloop."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from entrepot.faces.asgi import App
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.listen import Listener
from entrepot.faces.server.run import Server

from .peer import Peer, Site

Serve = Callable[..., Awaitable[Site]]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test here on both loops: their transports differ."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers that end with the test; nothing they open stays open."""
    before = count_descriptors()
    running: list[tuple[Server, list[Peer]]] = []

    async def start(
        app: App,
        *,
        limits: ServerLimits | None = None,
        hooks: Hooks | None = None,
        listeners: tuple[Listener, ...] = (Listener(address="127.0.0.1:0"),),
        **options: object,
    ) -> Site:
        server = Server(app, limits=limits or ServerLimits(), hooks=hooks, **options)  # type: ignore[arg-type]
        addresses = await server.start(listeners)
        site = Site(server, addresses)
        running.append((server, site.peers))
        return site

    yield start
    for server, peers in running:
        for peer in peers:
            peer.abort()
        await server.stop(drain_seconds=5)
        assert not server.edge.tenants
        assert not server.edge.tasks
    await until(lambda: count_descriptors() <= before)


async def until(condition: Callable[[], bool]) -> None:
    """Poll until it holds, at most 5 seconds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def count_descriptors() -> int:
    """Open sockets and regular files; event loops open other things when they like."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            mode = os.fstat(int(link.name)).st_mode
        except OSError:  # the descriptor of the listing itself
            continue
        count += stat.S_ISSOCK(mode) or stat.S_ISREG(mode)
    return count


@pytest.fixture
def big_file(tmp_path: Path) -> Iterator[tuple[int, bytes]]:
    """An open file of 5 MiB and 123 bytes, and its content."""
    content = os.urandom(1024 * 1024) * 5 + b"x" * 123
    path = tmp_path / "big"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor, content
    os.close(descriptor)
