"""A real server process that is killed without warning and started again."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

START_SECONDS = 30.0
_URL = re.compile(rb"http://([^\s:]+):(\d+)")


class Server:
    """One `entrepot serve --open` on a data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def start(self) -> None:
        """Start it and wait until it listens."""
        log = (self._data.parent / "server.log").open("ab")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("entrepot"),
                "serve",
                "--open",
                "--data",
                self._data,
                "--listen",
                "127.0.0.1:0",
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "ENTREPOT_ADMIN_PASSWORD": "only for this test"},
            )
        stdout = self._process.stdout
        if stdout is None:
            raise RuntimeError("the server's output is not to be had")
        async with asyncio.timeout(START_SECONDS):
            while (found := _URL.search(line := await stdout.readline())) is None:
                if not line:
                    raise RuntimeError("the server ended before it listened")
        self.port = int(found[2])

    async def kill(self) -> None:
        """End it at once, as a power cut or the kernel would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in good order."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()

    @property
    def process_id(self) -> int:
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.pid
