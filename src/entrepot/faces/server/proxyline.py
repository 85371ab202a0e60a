"""The PROXY protocol, 1 and 2: who connected, said before HTTP or TLS.

https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
"""

import re
import socket
from dataclasses import dataclass

from .trust import parse_address

V1_MAX_BYTES = 107
"""Longest line of version 1, with CR LF (section 2.1)."""
V2_MAX_BYTES = 4096
"""Longest header of version 2: 16 bytes, addresses, and what TLVs a proxy adds."""

_V1 = b"PROXY "
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_HEAD_BYTES = 16
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
_ADDRESS_BYTES = {_TCP4: (4, socket.AF_INET), _TCP6: (16, socket.AF_INET6)}
_LINE = re.compile(
    rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) ([0-9]{1,5}) ([0-9]{1,5})"
)


class NoProxyLine(Exception):
    """The connection does not begin with a header of the PROXY protocol."""


@dataclass(frozen=True, slots=True)
class ProxyLine:
    """A whole header: its length in bytes, and the client's address and port.

    `client` is None where the proxy speaks for itself (LOCAL, as health checks do) or knows no
    address (UNKNOWN, UNSPEC, a Unix socket): the connection's own peer is meant then.
    """

    length_bytes: int
    client: tuple[str, int] | None


def parse_proxy_line(data: bytes) -> ProxyLine | None:
    """Return the header that `data` begins with, or None while more bytes are needed.

    Raises NoProxyLine as soon as no continuation can make it one.
    """
    if _V1.startswith(data[: len(_V1)]):
        return _parse_v1(data)
    if _V2.startswith(data[: len(_V2)]):
        return _parse_v2(data)
    raise NoProxyLine("it begins with something else")


def _parse_v1(data: bytes) -> ProxyLine | None:
    line, end, _ = data[:V1_MAX_BYTES].partition(b"\r\n")
    if not end:
        if len(data) >= V1_MAX_BYTES:
            raise NoProxyLine(f"its line has more than {V1_MAX_BYTES} bytes")
        return None
    length = len(line) + len(end)
    # Section 2.1: whatever follows UNKNOWN is to be ignored.
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return ProxyLine(length, None)
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise NoProxyLine("its line is malformed")
    family = socket.AF_INET if parts[1] == b"TCP4" else socket.AF_INET6
    try:
        packed = [socket.inet_pton(family, text.decode()) for text in (parts[2], parts[3])]
    except OSError as error:
        raise NoProxyLine("its line has an address that is none") from error
    ports = [int(parts[4]), int(parts[5])]
    if max(ports) > 65535:
        raise NoProxyLine("its line has a port that is none")
    return ProxyLine(length, (_show(family, packed[0]), ports[0]))


def _parse_v2(data: bytes) -> ProxyLine | None:
    if len(data) < _V2_HEAD_BYTES:
        return None
    command, family = data[12], data[13]
    length = _V2_HEAD_BYTES + int.from_bytes(data[14:16])
    if command not in (_LOCAL, _PROXY):
        raise NoProxyLine("its version or command is unknown")
    if length > V2_MAX_BYTES:
        raise NoProxyLine(f"its header has more than {V2_MAX_BYTES} bytes")
    size, socket_family = _ADDRESS_BYTES.get(family, (0, socket.AF_UNSPEC))
    known = command == _PROXY and size > 0
    if known and length < _V2_HEAD_BYTES + 2 * size + 4:
        raise NoProxyLine("its addresses are cut short")
    if len(data) < length:
        return None
    if not known:
        return ProxyLine(length, None)
    at = _V2_HEAD_BYTES
    port = int.from_bytes(data[at + 2 * size : at + 2 * size + 2])
    return ProxyLine(length, (_show(socket_family, data[at : at + size]), port))


def _show(family: socket.AddressFamily, packed: bytes) -> str:
    text = socket.inet_ntop(family, packed)
    return str(parse_address(text) or text)
