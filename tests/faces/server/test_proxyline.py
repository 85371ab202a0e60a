"""PROXY headers: what is one, what is none, and when that is known."""

import contextlib
import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.server.proxyline import (
    V1_MAX_BYTES,
    V2_MAX_BYTES,
    NoProxyLine,
    ProxyLine,
    parse_proxy_line,
)

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
PORTS = st.integers(0, 65535)


def version_1(client: str, port: int) -> bytes:
    address = ipaddress.ip_address(client)
    other = "192.0.2.1" if address.version == 4 else "2001:db8::1"
    kind = 4 if address.version == 4 else 6
    return f"PROXY TCP{kind} {client} {other} {port} 443\r\n".encode()


def version_2(client: str, port: int, *, more: bytes = b"", command: int = 0x21) -> bytes:
    packed = ipaddress.ip_address(client).packed
    body = packed + bytes(len(packed)) + port.to_bytes(2) + b"\x01\xbb" + more
    family = 0x11 if len(packed) == 4 else 0x21
    return SIGNATURE + bytes([command, family]) + len(body).to_bytes(2) + body


def normal(client: str) -> str:
    address = ipaddress.ip_address(client)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


@given(ADDRESSES.map(str), PORTS, st.binary(max_size=200), st.binary(max_size=50))
def test_both_versions_name_the_client(client: str, port: int, more: bytes, rest: bytes) -> None:
    for header in (version_1(client, port), version_2(client, port, more=more)):
        expected = ProxyLine(len(header), (normal(client), port))
        assert parse_proxy_line(header + rest) == expected
        assert all(parse_proxy_line(header[:end]) is None for end in range(len(header)))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_or_not_or_not_yet(data: bytes) -> None:
    try:
        found = parse_proxy_line(data)
    except NoProxyLine:
        return
    assert found is None or found.length_bytes <= len(data)


@given(st.sampled_from([b"PROXY ", SIGNATURE]), st.binary(min_size=1, max_size=60))
def test_nothing_is_waited_for_beyond_the_bounds(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(NoProxyLine):
        assert parse_proxy_line(start + rest * V2_MAX_BYTES) is not None


def test_mapped_addresses_are_ipv4() -> None:
    line = parse_proxy_line(version_2("::ffff:192.0.2.7", 1))
    assert line is not None
    assert line.client == ("192.0.2.7", 1)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 whatever it says\r\n",
        SIGNATURE + b"\x20\x00\x00\x00",
        version_2("192.0.2.7", 1, command=0x20),
        SIGNATURE + b"\x21\x00\x00\x03abc",
        SIGNATURE + b"\x21\x31" + (216).to_bytes(2) + bytes(216),
    ],
    ids=["unknown", "unknown with more", "local", "local with addresses", "unspec", "unix"],
)
def test_the_proxy_itself_is_the_peer(header: bytes) -> None:
    assert parse_proxy_line(header + b"GET") == ProxyLine(len(header), None)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n",
        b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY UNKNOWNX\r\n",
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY UNKNOWN " + b"x" * V1_MAX_BYTES,
        SIGNATURE + b"\x31\x11\x00\x0c",
        SIGNATURE + b"\x22\x11\x00\x0c",
        SIGNATURE + b"\x21\x11\x00\x0b",
        SIGNATURE + b"\x21\x21\x00\x23",
        SIGNATURE + b"\x21\x11\x10\x00",
    ],
)
def test_what_is_no_header(data: bytes) -> None:
    with pytest.raises(NoProxyLine):
        parse_proxy_line(data)


def test_the_longest_line_fits() -> None:
    client = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    line = f"PROXY TCP6 {client} {client} 65535 65535\r\n".encode()
    assert parse_proxy_line(line) == ProxyLine(len(line), (client, 65535))
    assert socket.inet_pton(socket.AF_INET6, client) == b"\xff" * 16
