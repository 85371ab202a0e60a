"""One replica: a real `entrepot serve`, killed, paused and started again at will."""

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM, Signals

import aiohttp

START_SECONDS = 60.0
POLL_SECONDS = 0.05
PROBE_SECONDS = 1.0


class ReplicaFailedError(Exception):
    """A replica does not start; the message has the end of its log."""


class Replica:
    """A process group on a port of its own, with a data directory of its own."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        address: str,
        environment: Mapping[str, str],
        namespace: str = "",
    ) -> None:
        self.name = name
        self.url = f"http://{address}"
        self.lock = asyncio.Lock()
        """Held by whoever does it harm."""
        self.starts = 0
        self._folder = folder
        self._namespace = namespace
        self._environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "ENTREPOT_SERVER_LISTEN": address,
            "ENTREPOT_STORAGE_DATA": str(folder / "data"),
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> Path:
        """What it says, from its first start on."""
        return self._folder / "log"

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "entrepot", "serve"]
        if self._namespace:
            command = ["nsenter", f"--net=/run/netns/{self._namespace}", *command]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        self.starts += 1

    async def ready(self, limit_seconds: float = START_SECONDS) -> None:
        """Wait until it says that it can serve; raises ReplicaFailedError."""
        deadline = asyncio.get_running_loop().time() + limit_seconds
        while not await self._is_ready():
            if asyncio.get_running_loop().time() > deadline:
                raise ReplicaFailedError(f"{self.name} is not ready: {self.said()}")
            await asyncio.sleep(POLL_SECONDS)

    async def _is_ready(self) -> bool:
        if not self.is_running:
            raise ReplicaFailedError(f"{self.name} ended by itself: {self.said()}")
        timeout = aiohttp.ClientTimeout(PROBE_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self.url}/readyz") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, OSError):
            return False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def process_id(self) -> int:
        """The first of its processes; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def signal(self, number: Signals) -> None:
        """Send a signal to all of its processes."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        await self._end(SIGKILL)

    async def stop(self) -> None:
        """End it in good order, as an orchestrator would; kill it if it does not."""
        self.signal(SIGCONT)
        await self._end(SIGTERM)

    def errors(self) -> Counter[str]:
        """What it logged as errors, by event."""
        found: Counter[str] = Counter()
        if self.log.exists():
            with self.log.open(errors="replace") as lines:
                for line in lines:
                    if '"level": "error"' in line or '"level": "critical"' in line:
                        found[line.partition('"event": "')[2].partition('"')[0]] += 1
        return found

    async def _end(self, number: Signals) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            if number is SIGTERM:
                self._process.terminate()
            try:
                async with asyncio.timeout(START_SECONDS if number is SIGTERM else 0):
                    await self._process.wait()
            except TimeoutError:
                pass
        self.signal(SIGKILL)
        await self._process.wait()

    def said(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-2000:]
