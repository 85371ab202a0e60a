"""One further process: started, listened to, and started again when it dies."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable

from entrepot.adapters.logging import Log
from entrepot.adapters.systemd import VARIABLE as NOTIFY_VARIABLE
from entrepot.faces.manage.gathering import Family
from entrepot.faces.server import BoundSocket, ListenError
from entrepot.ports.clock import Clock

from .channel import Begin, Channel, Count, Counted, Gather, Gathered, Message, Place, Ready, Stop

PAUSE_MIN_SECONDS = 0.1
PAUSE_MAX_SECONDS = 10.0
"""Between the end of a process and the start of the next; longer if it did not get ready."""
COUNT_SECONDS = 2.0
"""How long a process may take to say its metrics; the page goes without them then."""
REAP_SECONDS = 2.0
"""How long a process may take to end when it says nothing any more."""

Bind = Callable[[], dict[str, list[BoundSocket]]]
"""Returns sockets for one more process, by the address in `server.listen`."""


class Keeper:
    """Keeps one worker process running.

    Its sockets belong to this process too: when it dies, connections wait in them for the next.
    """

    def __init__(
        self,
        number: int,
        bind: Bind,
        begin: Callable[[int, dict[str, list[Place]]], Begin],
        *,
        clock: Clock,
        log: Log,
        gather: Callable[[], "asyncio.Future[dict[str, list[Family]]]"],
    ) -> None:
        self.number = number
        self._bind = bind
        self._begin = begin
        self._clock = clock
        self._log = log
        self._gather = gather
        self._sockets: dict[str, list[BoundSocket]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._counted: asyncio.Future[list[Family]] | None = None
        self._is_ready = False
        self._stopping = False

    async def run(self) -> None:
        """Start it again and again, until `stop`."""
        pause = PAUSE_MIN_SECONDS
        while True:
            ended = await self._live()
            if self._stopping:
                return
            pause = PAUSE_MIN_SECONDS if self._is_ready else min(2 * pause, PAUSE_MAX_SECONDS)
            self._log.warning(
                "worker ended, it is started again",
                worker=self.number,
                ended=ended,
                seconds=round(pause, 1),
            )
            if not self._is_ready:
                self._drop_sockets()  # or those who connect would wait for nobody
            await self._clock.sleep(pause)

    def send(self, message: Message) -> None:
        """Tell it something, if it is there."""
        if self._channel is not None:
            self._channel.send(message)

    def stop(self) -> None:
        """Let it drain and end, and start no other; a second time, let it end at once."""
        self._stopping = True
        self._drop_sockets()
        self.send(Stop())

    async def kill(self) -> None:
        """End it now, if it has not ended."""
        self._stopping = True
        self._drop_sockets()
        process = self._process
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def count(self) -> list[Family] | None:
        """Return its metrics; None if it does not say them in time."""
        if not self._is_ready:
            return None
        if self._counted is None or self._counted.done():
            self._counted = asyncio.get_running_loop().create_future()
            self.send(Count())
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._counted), COUNT_SECONDS)
        return None

    async def _live(self) -> str:
        """Start it and listen to it until it has ended; return how it did."""
        self._is_ready = False
        try:
            self._channel = await self._start()
        except (OSError, ListenError) as error:
            return str(error)
        process = self._process
        if process is None:
            raise AssertionError("it was started")
        if self._stopping:
            self.send(Stop())
        while (message := await self._channel.receive()) is not None:
            self._heard(message)
        # It has let go of its end, which it does only by ending.
        self._channel.close()
        self._channel = None
        status = await asyncio.to_thread(_reap, process)
        self._process = None
        return f"by signal {-status}" if status < 0 else f"with status {status}"

    async def _start(self) -> Channel:
        """Start the process. Raises OSError or ListenError."""
        if not self._sockets:
            self._sockets = self._bind()
        places = {
            address: [Place(one.sock.fileno(), one.address, str(one.path or "")) for one in sockets]
            for address, sockets in self._sockets.items()
        }
        begin = self._begin(self.number, places)
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _start(theirs.fileno(), begin)
            except OSError:
                ours.close()
                raise
        channel = await Channel.over(ours)
        channel.send(begin)
        return channel

    def _heard(self, message: Message) -> None:
        match message:
            case Ready():
                self._is_ready = True
                pid = self._process.pid if self._process is not None else 0
                self._log.info("worker ready", worker=self.number, pid=pid)
            case Counted(families):
                if self._counted is not None and not self._counted.done():
                    self._counted.set_result(families)
            case Gather():
                self._gather().add_done_callback(self._tell)
            case _:
                raise AssertionError(f"a worker does not say {type(message).__name__}")

    def _tell(self, gathered: "asyncio.Future[dict[str, list[Family]]]") -> None:
        if not gathered.cancelled() and gathered.exception() is None:
            self.send(Gathered(gathered.result()))

    def _drop_sockets(self) -> None:
        for sockets in self._sockets.values():
            for one in sockets:
                one.sock.close()
        self._sockets = {}


def _reap(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(REAP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _start(channel: int, begin: Begin) -> subprocess.Popen[bytes]:
    """Start a worker on its end of a channel. It takes a few milliseconds. Raises OSError."""
    files = [place.file for found in begin.places.values() for place in found]
    return subprocess.Popen(  # noqa: S603 - this very program
        # -P: nothing is imported from where the server happens to be started.
        [sys.executable, "-P", "-m", "entrepot.serving.worker", str(channel)],
        stdin=subprocess.DEVNULL,
        pass_fds=(channel, begin.lock, *files),
        start_new_session=True,  # Ctrl-C is the first process's to hear
        env={name: text for name, text in os.environ.items() if name != NOTIFY_VARIABLE},
    )
