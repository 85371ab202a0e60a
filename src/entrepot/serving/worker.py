"""A further process of a server: `python -m entrepot.serving.worker DESCRIPTOR`."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry

from entrepot.adapters.allocator import bound_heap
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.logging import LeveledLog, Log, configure
from entrepot.faces.manage.gathering import Family, count, together
from entrepot.faces.server import BoundSocket, Hooks, Listener, serve
from entrepot.wiring import build
from entrepot.wiring.outside import open_outside

from .auditing import start_audit
from .beside import start_beside
from .channel import Begin, Channel, Count, Counted, Gather, Gathered, Place, Ready, Stop, Use
from .counting import start_counting
from .edges import Edges
from .keys import watch_keys
from .reload import server_limits
from .site import Site, make_site
from .sources import open_sources
from .users import open_users

GATHER_SECONDS = 5.0
"""How long the first process may take to say everybody's metrics."""
ORPHANED = 3
"""Exit status of a process that was left alone."""


class Member:
    """One worker's side of the channel to the first process."""

    def __init__(self, channel: Channel, begin: Begin) -> None:
        self._channel = channel
        self.settings = begin.settings
        self._number = str(begin.number)
        self._count: Callable[[], list[Family]] = list
        self._gathered: asyncio.Future[dict[str, list[Family]]] | None = None
        self._is_listening = False

    async def listen(self, log: Log) -> None:
        """Do what the first process says, and end with it."""
        try:
            await self._obey()
        except Exception:
            # Deaf, it could outlive the first process.
            log.exception("worker failed", worker=self._number)
        # At once: whoever starts the server anew must not find this one at its data.
        os._exit(ORPHANED)

    async def _obey(self) -> None:
        while (message := await self._channel.receive()) is not None:
            match message:
                case Use(settings):
                    self.settings = settings
                    if self._is_listening:
                        signal.raise_signal(signal.SIGHUP)
                case Stop():
                    if not self._is_listening:
                        break
                    signal.raise_signal(signal.SIGTERM)
                case Count():
                    self._channel.send(Counted(self._count()))
                case Gathered(by_worker):
                    if self._gathered is not None and not self._gathered.done():
                        self._gathered.set_result(by_worker)
                case _:
                    break

    def ready(self, site: Site) -> None:
        """Say that connections are accepted; the metrics are the site's from now on."""
        self._count = lambda: count(site.metrics)
        self._is_listening = True
        self._channel.send(Ready())

    async def gather(self) -> CollectorRegistry:
        """Return what all processes count; what this one does, if the first says nothing."""
        if self._gathered is None or self._gathered.done():
            self._gathered = asyncio.get_running_loop().create_future()
            self._channel.send(Gather())
        try:
            return together(await asyncio.wait_for(asyncio.shield(self._gathered), GATHER_SECONDS))
        except TimeoutError:
            return together({self._number: self._count()})


async def work(sock: socket.socket) -> None:
    """Serve until the first process says stop, or is gone."""
    channel = await Channel.over(sock)
    begin = await channel.receive()
    if not isinstance(begin, Begin):
        os._exit(ORPHANED)
    settings = begin.settings
    log = configure(settings.log.level, settings.log.format)
    member = Member(channel, begin)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(asyncio.ensure_future(member.listen(log)).cancel)
        try:
            await _serve(member, begin, log, stack)
        except Exception:
            # Whatever it is, the first process tries again; here it is told why.
            log.exception("worker failed", worker=begin.number)
            sys.exit(1)


async def _serve(
    member: Member, begin: Begin, log: LeveledLog, stack: contextlib.AsyncExitStack
) -> None:
    settings = begin.settings
    data = DataDirectory(Path(settings.storage.data), inherited=begin.lock)
    stack.callback(data.close)
    outside = await open_outside(
        data,
        stack,
        settings=settings,
        shared=True,
        joins=True,
        printed_keys=begin.printed_keys,
    )
    outside = await open_users(settings, outside, log)
    outside = await open_sources(settings, outside, log, stack)
    house = build(settings, outside)
    stack.push_async_callback(house.uploads.close)
    start_counting(house, log, stack)
    start_audit(settings, outside, house, log, stack=stack, leads=False)
    watch_keys(outside, log, stack, leads=False)
    edges = Edges(settings, data, outside.clock, log, reread=lambda: member.settings, leads=False)
    start_beside("certificates", edges.watch, log, stack)
    site = make_site(settings, outside, house, log, gather=member.gather)

    def draining() -> float:
        site.drain(house)
        return settings.server.leave_seconds

    await serve(
        edges.guard(site.app),
        listeners=inherited(edges.listeners(site.shortcut), begin.places),
        limits=server_limits(settings),
        ssl_context=edges.ssl_context,
        hooks=Hooks(
            on_response=site.requests.on_response,
            on_brief=site.requests.on_brief,
            on_refusal=site.requests.on_refusal,
            on_listening=lambda _: member.ready(site),
            on_hangup=edges.reload.hangup,
        ),
        drain_seconds=settings.server.drain_seconds,
        on_draining=draining,
    )


def inherited(listeners: list[Listener], places: dict[str, list[Place]]) -> list[Listener]:
    """Return the listeners with the sockets that were inherited for them."""
    return [
        replace(listener, bound=tuple(map(_bound, places[listener.address])))
        for listener in listeners
    ]


def _bound(place: Place) -> BoundSocket:
    sock = socket.socket(fileno=place.file)
    sock.settimeout(0)
    # Without an inode: a Unix socket's file is the first process's to remove.
    return BoundSocket(sock, place.address, Path(place.path) if place.path else None)


def main() -> None:
    """Work for the process at the other end of the descriptor that was given."""
    bound_heap()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
