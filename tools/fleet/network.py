"""Network namespaces for replicas, each behind a line that loses packets."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace, and the addresses of the two ends of its line."""

    name: str
    inside: str
    outside: str
    line: "subprocess.Popen[bytes]"

    def set(self, *, delay_seconds: float, jitter_seconds: float, loss: float) -> None:
        """Change what befalls packets; a loss of 1.0 is a partition."""
        text = json.dumps(
            {"delay_seconds": delay_seconds, "jitter_seconds": jitter_seconds, "loss": loss}
        )
        if self.line.stdin is not None:
            self.line.stdin.write(f"{text}\n".encode())
            self.line.stdin.flush()

    def heal(self) -> None:
        """Let all packets pass at once."""
        self.set(delay_seconds=0.0, jitter_seconds=0.0, loss=0.0)


def missing() -> str:
    """Return why there can be no namespaces here; empty if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for name in ("ip", "nsenter"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return "" if Path("/dev/net/tun").exists() else "there is no /dev/net/tun"


def namespaces(opened: ExitStack, count: int) -> list[Namespace]:
    """Make so many; they go when `opened` is closed. Raises RuntimeError where they cannot be."""
    if reason := missing():
        raise RuntimeError(reason)
    mark, net = secrets.token_hex(2), f"10.{64 + secrets.randbelow(150)}"
    return [
        _namespace(opened, f"fleet-{mark}-{number}", f"{net}.{number}", f"fl{mark}{number}")
        for number in range(count)
    ]


def _namespace(opened: ExitStack, name: str, net: str, device: str) -> Namespace:
    inside, outside = f"{net}.2", f"{net}.1"
    subprocess.run(["ip", "netns", "add", name], check=True)
    opened.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
    line = subprocess.Popen(
        [sys.executable, "-m", "tools.fleet.relay", name, inside, outside, device],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    opened.callback(_end, line)
    if line.stdout is None or line.stdout.readline() != b"up\n":
        raise RuntimeError(f"the line of {name} does not come up")
    return Namespace(name, inside, outside, line)


def _end(line: "subprocess.Popen[bytes]") -> None:
    if line.stdin is not None:
        line.stdin.close()
    try:
        line.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        line.kill()
        line.wait()
    if line.stdout is not None:
        line.stdout.close()
