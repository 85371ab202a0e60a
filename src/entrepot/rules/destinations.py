"""Where the registry may send requests that others ask it to send (CWE-918).

Only to addresses of the public internet, unless the operator has allowed more. What is said here is
said of an address that was resolved and is then connected to, never of a name.
"""

import ipaddress

from .networks import Networks

_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and with it the metadata of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
"""RFC 6890 and its successors: all that is not globally reachable."""
_V6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "3fff::/20",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def refusal(text: str, allowed: Networks) -> str:
    """Return why nothing is sent to an address, or "" where it may be.

    `allowed` are networks that the operator named; an empty list allows nothing more.
    """
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return f"{text[:64]} is no address"
    if is_public(address) or (allowed and allowed.holds(str(address))):
        return ""
    return f"{address} is no public address: name its network in webhooks.allow_networks"


def is_public(address: Address) -> bool:
    """Whether an address is of the public internet, with what it may stand for."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _V4)
    within = _within(address)
    if within is not None:
        return is_public(within)
    return address in _V6_GLOBAL and not any(address in network for network in _V6)


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for, or None."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour if address in _6TO4 else None
