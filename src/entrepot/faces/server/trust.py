"""Which peers are proxies of ours, whose word on the client is believed."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
UNIX = "unix"
"""The entry that stands for all peers of Unix sockets, which have no address."""
KNOWN_MAX = 1024
"""Peers whose answer is remembered."""


def parse_address(text: str) -> Address | None:
    """Return an address without its zone, an IPv4-mapped IPv6 one as IPv4; None if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class TrustedProxies:
    """Addresses and networks (CIDR) that are trusted; `replace` sets others while it is in use.

    `host in proxies` asks of one peer; None is the peer of a Unix socket.
    """

    __slots__ = ("_known", "_networks", "_unix", "version")

    version: int
    """Another one after each `replace`, for those who remember what followed from it."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self.version = 0
        self.replace(entries)

    def replace(self, entries: Iterable[str]) -> None:
        """Trust these from now on. Raises ValueError, and changes nothing, for one that is none."""
        names = [*entries]
        networks = tuple(_network(name) for name in names if name != UNIX)
        self._networks = networks
        self._unix = UNIX in names
        self._known: dict[str, bool] = {}
        self.version += 1

    def __bool__(self) -> bool:
        return self._unix or bool(self._networks)

    def __contains__(self, host: object) -> bool:
        if not isinstance(host, str):
            return self._unix and host is None
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            known = self._known[host] = self.covers(parse_address(host))
        return known

    def covers(self, address: Address | None) -> bool:
        """Whether an address, as `parse_address` returns it, is a proxy's."""
        return address is not None and any(address in network for network in self._networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    network = ipaddress.ip_network(text)
    mapped = network.network_address
    if isinstance(mapped, ipaddress.IPv6Address) and mapped.ipv4_mapped is not None:
        # Peers are compared as IPv4; ::ffff:0:0/96 is all of it.
        return ipaddress.ip_network((mapped.ipv4_mapped, max(network.prefixlen - 96, 0)))
    return network
