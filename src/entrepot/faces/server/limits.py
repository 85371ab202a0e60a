"""Every bound the server keeps, with its default and the reason for it."""

import ipaddress
from collections.abc import Container
from dataclasses import dataclass, fields

MIB = 1024 * 1024
KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds on what one client, and all clients together, may cost.

    Zero for `connections_per_address_max` means no such bound (behind a proxy all clients share
    one address). All `_seconds` must be positive.
    """

    # The head of a request. Ranges of a chunked pull make `Range` as long as 32 KiB.
    header_bytes: int = 64 * KIB
    header_count: int = 128
    header_seconds: float = 15.0
    target_bytes: int = 16 * KIB

    # The body: at least `rate * window` bytes in each window of time spent waiting for the client;
    # the first window is longer by the grace time.
    body_rate_min_bytes: int = 512
    body_window_seconds: float = 30.0
    body_grace_seconds: float = 30.0

    # The connection.
    idle_seconds: float = 75.0
    write_stall_seconds: float = 60.0
    connections_max: int = 10_000
    connections_per_address_max: int = 512
    loopback_exempt: bool = True
    pipelined_requests_max: int = 64
    backlog: int = 1024

    # How much of an unread body is thrown away so that the client sees an early answer.
    linger_bytes: int = 256 * KIB
    linger_seconds: float = 2.0

    # Worker threads that drain request bodies, each with one buffer of 512 KiB.
    drain_threads: int = 6

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_seconds") and value <= 0:
                raise ValueError(f"{field.name} must be more than 0, not {value}")
            if value < 0:
                raise ValueError(f"{field.name} must not be negative, not {value}")

    @property
    def tick_seconds(self) -> float:
        """How often deadlines are looked at: a quarter of the shortest, at most a second."""
        shortest = min(
            getattr(self, field.name) for field in fields(self) if field.name.endswith("_seconds")
        )
        return min(1.0, float(shortest) / 4)


class AddressBook:
    """Open connections by client address; an IPv6 client is its /64 network."""

    exempt: Container[str] = ()
    """Hosts that are not counted: proxies, behind which all clients stand."""

    def __init__(self, limits: ServerLimits) -> None:
        self._open: dict[str, int] = {}
        self.bound(limits)

    def bound(self, limits: ServerLimits) -> None:
        """Set the bound; connections that are open stay."""
        self._max = limits.connections_per_address_max
        self._loopback_exempt = limits.loopback_exempt

    def enter(self, host: str | None) -> tuple[str | None, bool]:
        """Count one more. Returns the key to `leave` with and whether it is within the bound."""
        key = self._key(host)
        if key is None:
            return None, True
        count = self._open.get(key, 0) + 1
        self._open[key] = count
        return key, count <= self._max

    def leave(self, key: str | None) -> None:
        if key is None:
            return
        count = self._open.get(key, 0) - 1
        if count > 0:
            self._open[key] = count
        else:
            self._open.pop(key, None)

    def _key(self, host: str | None) -> str | None:
        if host is None or not self._max or host in self.exempt:
            return None
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return host
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address.is_loopback and self._loopback_exempt:
            return None
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)


class BodyPace:
    """Whether a client sends its body fast enough; only time spent waiting for it counts."""

    __slots__ = ("_allowed", "_mark_bytes", "_need_bytes", "_since", "_waited", "_window")

    def __init__(self, limits: ServerLimits) -> None:
        self._window = limits.body_window_seconds
        self._allowed = limits.body_grace_seconds + limits.body_window_seconds
        self._need_bytes = limits.body_rate_min_bytes * limits.body_window_seconds
        self._waited = 0.0
        self._since: float | None = None
        self._mark_bytes = 0

    def wait_begins(self, now: float) -> None:
        self._since = now

    def wait_ends(self, now: float) -> None:
        if self._since is not None:
            self._waited += now - self._since
            self._since = None

    def too_slow(self, now: float, received_bytes: int) -> bool:
        """Asked while waiting; a passed window opens the next one."""
        if self._since is None:
            return False
        if self._waited + now - self._since < self._allowed:
            return False
        if received_bytes - self._mark_bytes < self._need_bytes:
            return True
        self._waited, self._since, self._mark_bytes = 0.0, now, received_bytes
        self._allowed = self._window
        return False
