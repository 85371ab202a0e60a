"""The processes of a campaign: a server, and a receiver beside it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from entrepot.client.transport import Transport

RECEIVER = Path(__file__).parents[2] / "examples" / "webhook_receiver.py"
START_SECONDS = 30.0


class Pair:
    """A real server and the sample receiver, each on a port of its own, killed at will."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data, self._log = folder / "data", folder / "taken.jsonl"
        self.server_port, self.receiver_port = _free_port(), _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._receiver: subprocess.Popen[bytes] | None = None

    def start_server(self) -> None:
        """Start it, and wait until it answers."""
        config = self._folder / "entrepot.toml"
        config.write_text(
            f'[server]\nlisten = ["127.0.0.1:{self.server_port}"]\n[auth]\nopen = true\n'
            f'[storage]\ndata = "{self._data}"\n'
            '[webhooks]\nallow_networks = ["127.0.0.0/8"]\n[log]\naccess = false\n'
        )
        with (self._folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "entrepot", "serve", "--config", str(config)],
                stdout=log,
                stderr=log,
            )
        _await(self.server_port, self._data / "run" / "entrepot.sock", self._server)

    def start_receiver(self, secret: str) -> None:
        """Start it; it listens a moment later."""
        self._receiver = subprocess.Popen(
            [
                sys.executable,
                str(RECEIVER),
                "--port",
                str(self.receiver_port),
                "--log",
                str(self._log),
            ],
            env={**os.environ, "ENTREPOT_WEBHOOK_SECRET": secret},
            stderr=subprocess.DEVNULL,
        )

    def kill_server(self) -> None:
        """End it as a power cut would."""
        _kill(self._server)

    def kill_receiver(self) -> None:
        """End it as a power cut would."""
        _kill(self._receiver)

    def close(self) -> None:
        """End both."""
        self.kill_server()
        self.kill_receiver()

    @contextlib.contextmanager
    def operator(self) -> Iterator[Transport]:
        """Yield a client with all rights."""
        client = Transport.at_socket(self._data)
        try:
            yield client
        finally:
            client.close()

    @property
    def taken(self) -> list[bytes]:
        """The lines that the receiver has written."""
        return self._log.read_bytes().splitlines()


def _kill(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _await(port: int, control: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until both of its doors are open."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            socket.create_connection(("127.0.0.1", port), 1).close()
            sock.connect(str(control))
            return
        time.sleep(0.05)
    raise RuntimeError("the server does not start: see its log")
