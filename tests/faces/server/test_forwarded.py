"""Forwarded headers: a trusted proxy is believed, a client never."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.asgi import Receive, Scope, Send
from entrepot.faces.server.forwarded import ForwardedApp, Origin, find_origin
from entrepot.faces.server.trust import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8:1::/48"])
STRANGERS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(
    lambda address: str(address) not in PROXIES
)
OURS = st.one_of(st.ip_addresses(network="10.0.0.0/8"), st.ip_addresses(network="2001:db8:1::/48"))
PORT = st.one_of(st.none(), st.integers(1, 65535))
# What a client may write: anything, but for what would end the header.
LIES = st.binary(max_size=80).map(lambda data: data.replace(b"\r", b"").replace(b"\n", b""))
LIKELY_LIES = st.one_of(
    LIES,
    st.sampled_from(
        [
            b"10.0.0.1",
            b"192.0.2.66, 10.0.0.1",
            b'for="',
            b'for=192.0.2.66;x="',
            b"for=192.0.2.66;proto=https",
            b'for=192.0.2.66;x="\\',
            b",",
            b"unknown",
        ]
    ),
)


def mapped(address: Any) -> str:
    return f"::ffff:{address}" if address.version == 4 else str(address)


def written(address: Any, port: int | None, *, as_mapped: bool = False) -> bytes:
    text = mapped(address) if as_mapped else str(address)
    if ":" in text and port is not None:
        text = f"[{text}]"
    return (text if port is None else f"{text}:{port}").encode()


def normal(address: Any) -> str:
    four = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(four or address)


def customary(*values: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", value) for value in values]


@given(LIKELY_LIES, STRANGERS, PORT, st.lists(OURS, max_size=3), st.booleans(), st.booleans())
def test_a_client_cannot_be_another(
    lie: bytes, client: Any, port: int | None, chain: list[Any], apart: bool, as_mapped: bool
) -> None:
    """Whatever stands left of what the proxies wrote, in the same line or in one before it."""
    told = b", ".join(
        [written(client, port, as_mapped=as_mapped), *(str(one).encode() for one in chain)]
    )
    headers = customary(lie, told) if apart else customary(lie + b", " + told)
    found = find_origin(headers, PROXIES, standard=False)
    assert found.client == (normal(client), port or 0)


@given(LIKELY_LIES, STRANGERS, PORT, st.lists(OURS, max_size=3))
def test_a_client_cannot_be_another_in_the_standard_header(
    lie: bytes, client: Any, port: int | None, chain: list[Any]
) -> None:
    text = f"[{client}]" if client.version == 6 else str(client)
    mine = f'for="{text}:{port}"' if port is not None else f'for="{text}"'
    told = ", ".join(
        [mine, *(f'for="[{one}]"' if one.version == 6 else f"for={one}" for one in chain)]
    )
    apart = [(b"forwarded", lie), (b"forwarded", told.encode())]
    assert find_origin(apart, PROXIES, standard=True).client == (normal(client), port or 0)
    # In one line a quote that the client left open makes all of it unreadable, or nothing.
    together = [(b"forwarded", lie + b", " + told.encode())]
    assert find_origin(together, PROXIES, standard=True).client in (
        (normal(client), port or 0),
        None,
    )


@given(LIKELY_LIES, LIKELY_LIES, st.booleans())
def test_any_bytes_make_an_address_or_nothing(first: bytes, second: bytes, standard: bool) -> None:
    names = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
    headers = [(name, value) for name in names for value in (first, second)]
    found = find_origin(headers, PROXIES, standard=standard)
    if found.client is not None:
        assert normal(ipaddress.ip_address(found.client[0])) == found.client[0]
        assert 0 <= found.client[1] <= 65535
    assert found.scheme in (None, "http", "https")
    assert found.host is None or b'"' not in found.host


@pytest.mark.parametrize(
    "value,expected",
    [
        (b"192.0.2.1", ("192.0.2.1", 0)),
        (b"192.0.2.1:80", ("192.0.2.1", 80)),
        (b"[2001:DB8::1]:80", ("2001:db8::1", 80)),
        (b"2001:db8::1", ("2001:db8::1", 0)),
        (b"[2001:db8::1]", ("2001:db8::1", 0)),
        (b"192.0.2.1, 10.0.0.1", ("192.0.2.1", 0)),
        (b"192.0.2.9, 192.0.2.1, 10.0.0.1,10.0.0.2", ("192.0.2.1", 0)),
        (b"10.0.0.1, 10.0.0.2", ("10.0.0.1", 0)),
        (b"192.0.2.1, unknown, 10.0.0.2", ("10.0.0.2", 0)),
        (b"192.0.2.1, unknown", None),
        (b"fe80::1%eth0", None),
        (b"192.0.2.1:65536", None),
        (b"192.0.2.1:", None),
        (b"192.0.2.1 10.0.0.1", None),
        (b"", None),
    ],
)
def test_the_nearest_hop_that_is_no_proxy(value: bytes, expected: tuple[str, int] | None) -> None:
    assert find_origin(customary(value), PROXIES, standard=False).client == expected


def test_a_long_chain_is_read_from_the_near_end() -> None:
    found = find_origin(customary(b"192.0.2.1" + b",10.0.0.1" * 500), PROXIES, standard=False)
    assert found.client == ("10.0.0.1", 0)


@pytest.mark.parametrize(
    "value,expected",
    [
        (b"for=192.0.2.1", Origin(("192.0.2.1", 0))),
        (b"For=192.0.2.1:5;PROTO=HTTPS", Origin(("192.0.2.1", 5), "https")),
        (
            b'for="[2001:db8::1]:8";proto=https;host="a.example:81";by=_x',
            Origin(("2001:db8::1", 8), "https", b"a.example:81"),
        ),
        (b'for="192\\.0.2.1"', Origin(("192.0.2.1", 0))),
        (
            b"for=192.0.2.1;proto=https;host=a.example, for=10.0.0.1;proto=http;host=b",
            Origin(("192.0.2.1", 0), "https", b"a.example"),
        ),
        (b"proto=https;host=a.example", Origin(None, "https", b"a.example")),
        (b"for=_hidden;proto=https", Origin(None, "https")),
        (b"for=192.0.2.1;for=192.0.2.2", Origin()),
        (b"for=192.0.2.1;", Origin(("192.0.2.1", 0))),
        (b"for 192.0.2.1", Origin()),
        (b"", Origin()),
    ],
)
def test_the_standard_header(value: bytes, expected: Origin) -> None:
    assert find_origin([(b"forwarded", value)], PROXIES, standard=True) == expected


@pytest.mark.parametrize(
    "pairs,expected",
    [
        ({"proto": b"https"}, Origin(None, "https")),
        ({"proto": b"HTTPS "}, Origin(None, "https")),
        ({"proto": b"gopher"}, Origin()),
        ({"proto": b"https, http"}, Origin(None, "http")),
        (
            {"for": b"192.0.2.1, 10.0.0.1", "proto": b"https, http"},
            Origin(("192.0.2.1", 0), "https"),
        ),
        ({"host": b"a.example:5000"}, Origin(None, None, b"a.example:5000")),
        ({"host": b"[2001:db8::1]:5000"}, Origin(None, None, b"[2001:db8::1]:5000")),
        ({"host": b'a"b'}, Origin()),
        ({"host": b"a.example/path"}, Origin()),
    ],
)
def test_scheme_and_host(pairs: dict[str, bytes], expected: Origin) -> None:
    headers = [(b"x-forwarded-" + name.encode(), value) for name, value in pairs.items()]
    assert find_origin(headers, PROXIES, standard=False) == expected


@pytest.mark.parametrize("standard", [True, False])
def test_only_one_kind_is_believed(standard: bool) -> None:
    headers = [(b"forwarded", b"for=192.0.2.1"), (b"x-forwarded-for", b"192.0.2.2")]
    expected = "192.0.2.1" if standard else "192.0.2.2"
    assert find_origin(headers, PROXIES, standard=standard).client == (expected, 0)


async def ask(trusted: TrustedProxies, peer: tuple[str, int] | None) -> Scope:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    async def nothing(*_: Any) -> Any:
        return {}

    scope: Scope = {
        "client": peer,
        "scheme": "http",
        "headers": [
            (b"host", b"inner"),
            (b"x-forwarded-for", b"192.0.2.1"),
            (b"x-forwarded-proto", b"https"),
            (b"x-forwarded-host", b"a.example"),
            (b"accept", b"*/*"),
        ],
    }
    await ForwardedApp(app, trusted, standard=False)(scope, nothing, nothing)
    return scope


@pytest.mark.parametrize(
    "entries,peer",
    [
        (["10.0.0.0/8"], ("10.1.2.3", 9)),
        (["10.0.0.0/8"], ("::ffff:10.1.2.3", 9)),
        (["::ffff:10.0.0.0/104"], ("10.1.2.3", 9)),
        (["fe80::/10"], ("fe80::1%eth0", 9)),
        (["unix"], None),
    ],
)
async def test_a_trusted_peer_is_believed(entries: list[str], peer: tuple[str, int] | None) -> None:
    scope = await ask(TrustedProxies(entries), peer)
    assert scope["client"] == ("192.0.2.1", 0)
    assert scope["scheme"] == "https"
    assert [value for name, value in scope["headers"] if name == b"host"] == [b"a.example"]
    assert (b"accept", b"*/*") in scope["headers"]


@pytest.mark.parametrize(
    "entries,peer",
    [
        ([], ("127.0.0.1", 9)),
        ([], None),
        (["10.0.0.0/8"], ("192.0.2.9", 9)),
        (["10.0.0.0/8"], None),
        (["unix"], ("10.0.0.1", 9)),
        (["0.0.0.0/0"], ("2001:db8::1", 9)),
    ],
)
async def test_another_peer_is_not(entries: list[str], peer: tuple[str, int] | None) -> None:
    scope = await ask(TrustedProxies(entries), peer)
    assert (scope["client"], scope["scheme"]) == (peer, "http")
    assert scope["headers"][0] == (b"host", b"inner")


@given(st.ip_addresses(), st.integers(0, 32))
def test_trust_is_what_the_networks_say(address: Any, bits: int) -> None:
    network = ipaddress.ip_network(("10.32.0.0", bits), strict=False)
    four = ipaddress.ip_address(normal(address))
    assert (str(address) in TrustedProxies([str(network)])) is (
        four.version == 4 and four in network
    )


def test_others_can_be_set_and_a_bad_one_changes_nothing() -> None:
    proxies = TrustedProxies(["10.0.0.1"])
    assert "10.0.0.1" in proxies
    with pytest.raises(ValueError, match="x"):
        proxies.replace(["10.0.0.2", "x"])
    assert "10.0.0.1" in proxies
    proxies.replace(["10.0.0.2"])
    assert "10.0.0.1" not in proxies
    assert "10.0.0.2" in proxies
    proxies.replace([])
    assert not proxies


def test_what_is_remembered_of_peers_is_bounded() -> None:
    proxies = TrustedProxies(["10.0.0.0/8"])
    for number in range(3000):
        assert f"192.0.{number // 256}.{number % 256}" not in proxies
    assert len(proxies._known) <= 1024


async def test_what_is_remembered_ends_with_the_trust_and_is_bounded() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    async def nothing(*_: Any) -> Any:
        return {}

    trusted = TrustedProxies(["10.0.0.1"])
    wrapped = ForwardedApp(app, trusted, standard=False)

    async def client(value: bytes) -> str:
        scope: Scope = {"client": ("10.0.0.1", 9), "headers": customary(value)}
        await wrapped(scope, nothing, nothing)
        return str(scope["client"][0])

    for _ in range(2):
        assert await client(b"192.0.2.1, 10.0.0.2") == "10.0.0.2"
    trusted.replace(["10.0.0.1", "10.0.0.2"])
    for _ in range(2):
        assert await client(b"192.0.2.1, 10.0.0.2") == "192.0.2.1"
    for number in range(3000):
        await client(f"192.0.{number // 256}.{number % 256}".encode())
    assert 0 < len(wrapped._known) <= 1024
    wrapped._known.clear()
    assert await client(b"192.0.2.1" + b" " * 5000) == "192.0.2.1"
    assert not wrapped._known
