"""What a load is made of: ready requests, scripts of them, a place, a tally."""

import socket
import ssl
from array import array
from collections.abc import Generator
from dataclasses import dataclass, field

from .payload import Span

STALL_SECONDS = 60.0
"""A server that is silent for so long fails the load."""


class LoadError(Exception):
    """The server did not do what the work asks for; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as bytes that lie ready.

    `ends` says that its answer ends a unit of work; `bare`, that the answer has no body (HEAD);
    `wants_head`, that the script needs the head of the answer.
    """

    head: bytes
    status: int = 200
    body: tuple[Span | bytes, ...] = ()
    ends: bool = True
    bare: bool = False
    wants_head: bool = False
    good: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "good", f"HTTP/1.1 {self.status} ".encode())

    @property
    def name(self) -> str:
        """Method and target, for messages."""
        return self.head.partition(b" HTTP/")[0].decode("latin-1")


Script = Generator[Request, bytes, None]
"""What one connection does. It is sent `b""` where it did not ask for the head."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens."""

    host: str
    port: int
    context: ssl.SSLContext | None = None

    def connect(self) -> socket.socket:
        """Return a new connection, not yet set to non-blocking."""
        plain = socket.create_connection((self.host, self.port), timeout=STALL_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is None:
            return plain
        return self.context.wrap_socket(plain, server_hostname=self.host)


@dataclass(slots=True)
class Tally:
    """What came of a load. Latencies are in seconds, one for each unit of work."""

    units: float = 0.0
    body_bytes: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    latencies: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, other: "Tally") -> None:
        """Add what another process did in the same time."""
        self.units += other.units
        self.body_bytes += other.body_bytes
        self.seconds = max(self.seconds, other.seconds)
        self.cpu_seconds += other.cpu_seconds
        self.latencies.extend(other.latencies)

    def rate(self) -> float:
        """Return units per second."""
        return self.units / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float | None:
        """Return the latency that this share of the units kept to; None where none ended."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
