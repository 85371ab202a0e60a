"""Networks (CIDR) that callers must come from, and addresses in one writing.

An address is written as `ipaddress` does (RFC 5952), without a zone; an IPv4-mapped IPv6 address
(RFC 4291 section 2.5.5.2) is the IPv4 address. Who comes by a Unix socket has the address "".
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from entrepot.oci.errors import Code, Fault

NETWORKS_MAX = 256
"""Entries of one list."""
TEXT_MAX = 64
"""Characters of an address or network; the longest IPv6 address with its zone has fewer."""
CACHE_MAX = 4096
"""Addresses whose reading is remembered."""
UNIX = "unix"
"""The entry for all who come by a Unix socket, which have no address."""
UNKNOWN = "unknown"
"""What stands for a peer whose address cannot be read: in no list."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# All addresses on one line: IPv6 as it is, IPv4 above all of it, the Unix socket below.
_IPV4_AT = 1 << 128
_UNIX_AT = -1


@dataclass(frozen=True, slots=True)
class Networks:
    """A list of networks; an empty one holds everyone. Made by `parse`."""

    texts: tuple[str, ...] = ()
    """The entries, each in its one writing, in the order given."""
    _starts: tuple[int, ...] = field(default=(), repr=False, compare=False)
    _ends: tuple[int, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Networks":
        """Return the list. `Fault(REQUEST_INVALID)` for an entry that is none, or for too many."""
        texts: dict[str, None] = {}
        spans: list[tuple[int, int]] = []
        for count, entry in enumerate(entries, start=1):
            if count > NETWORKS_MAX:
                raise Fault(
                    Code.REQUEST_INVALID,
                    f"at most {NETWORKS_MAX} networks are kept: join some of them",
                    {"limit": NETWORKS_MAX},
                )
            if entry == UNIX:
                texts[UNIX] = None
                spans.append((_UNIX_AT, _UNIX_AT))
                continue
            network = parse_network(entry)
            texts[str(network)] = None
            spans.append((_at(network.network_address), _at(network.broadcast_address)))
        joined = _joined(spans)
        starts, ends = (tuple(span[side] for span in joined) for side in (0, 1))
        return cls(tuple(texts), starts, ends)

    def __bool__(self) -> bool:
        """Whether anyone is kept out."""
        return bool(self._starts)

    def lies_in(self, outer: "Networks") -> bool:
        """Return whether whoever is let in by this list is let in by the other."""
        if not outer:
            return True
        # Spans are joined, so that what lies in the other list lies in one span of it.
        for start, end in zip(self._starts, self._ends, strict=True):
            at = bisect_right(outer._starts, start) - 1  # noqa: SLF001  of our own class
            if at < 0 or end > outer._ends[at]:  # noqa: SLF001
                return False
        return bool(self)

    def holds(self, address: str) -> bool:
        """Return whether a caller may come from `address`; "" is a Unix socket.

        Where there is a list, what is no address is not in it, nor is a Unix socket without its
        entry.
        """
        if not self._starts:
            return True
        place = _UNIX_AT if address == "" else _place(address)
        if place is None:
            return False
        at = bisect_right(self._starts, place) - 1
        return at >= 0 and place <= self._ends[at]


EVERYWHERE = Networks()


def parse_network(text: str) -> Network:
    """Return one network; an address alone is a network of its own.

    Raises `Fault(REQUEST_INVALID)`, for bits set behind the prefix too: who writes 10.1.2.3/8 may
    mean all of it or that address, and only they can say.
    """
    if "%" in text:
        raise _refused("has a zone, which means something on one machine only: leave it away", text)
    address, slash, prefix = text.partition("/")
    try:
        if len(text) > TEXT_MAX or (slash and not (prefix.isascii() and prefix.isdecimal())):
            raise ValueError(text[:TEXT_MAX])
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _refused(
            "is no network: write an address, or a network such as 10.0.0.0/8 or 2001:db8::/32",
            text,
        ) from error
    if slash and ipaddress.ip_address(address) != network.network_address:
        raise _refused(f"is an address within a network: write {network} for all of it", text)
    return _unmapped(network)


def address_of(host: str | None) -> str:
    """Return the one writing of a peer's address: "" for None, UNKNOWN for what is none."""
    if host is None:
        return ""
    address = _parse(host) if len(host) <= TEXT_MAX else None
    return str(address) if address is not None else UNKNOWN


def _unmapped(network: Network) -> Network:
    first = network.network_address
    if isinstance(first, ipaddress.IPv6Address) and network.prefixlen >= 96:
        mapped = first.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else address


def _at(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) + (_IPV4_AT if address.version == 4 else 0)


def _place(text: str) -> int | None:
    """Return where an address is on the line, None for what is none."""
    return _known_place(text) if len(text) <= TEXT_MAX else None


@lru_cache(maxsize=CACHE_MAX)
def _known_place(text: str) -> int | None:
    address = _parse(text)
    return None if address is None else _at(address)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those within or beside another joined with it."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        # IPv6 ends where IPv4 begins on the line, but joining the two changes no answer.
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _refused(reason: str, text: str) -> Fault:
    shown = text[:TEXT_MAX]
    cause, _, cure = reason.partition(": ")
    return Fault(Code.REQUEST_INVALID, f"'{shown}' {cause}: {cure}", {"network": shown})
