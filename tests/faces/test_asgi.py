"""Requests and responses over raw ASGI."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.asgi import (
    CERTIFICATE,
    CLIENT_LENGTH_MAX,
    DRAIN,
    FORM_MAX_BYTES,
    QUERY_FIELDS_MAX,
    Message,
    Request,
    Response,
    Scope,
    Send,
    json_response,
    parse_fields,
    send_response,
    unquoted,
)
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.rules.certificates import Certificate
from tests.oci.faults import value_of


def request(*messages: Message, **scope: Any) -> Request:
    """Return a request whose body is in these messages."""
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return Request({"method": "GET", "path": "/", "headers": [], **scope}, receive)


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


ALICE = Certificate("alice")


@pytest.mark.parametrize(
    "headers, counts",
    [
        ([], True),
        ([(b"sec-fetch-site", b"same-origin")], True),
        ([(b"sec-fetch-site", b"none")], True),
        ([(b"host", b"r:5000"), (b"origin", b"https://r:5000")], True),
        ([(b"sec-fetch-site", b"same-site")], False),
        ([(b"sec-fetch-site", b"cross-site")], False),
        ([(b"sec-fetch-site", b"none"), (b"sec-fetch-site", b"cross-site")], False),
        ([(b"host", b"r:5000"), (b"origin", b"https://r")], False),
        ([(b"host", b"r:5000"), (b"origin", b"null")], False),
        ([(b"origin", b"null")], False),
        ([(b"origin", b"")], False),
    ],
)
def test_a_certificate_counts_unless_another_site_asks(
    headers: list[tuple[bytes, bytes]], *, counts: bool
) -> None:
    assert request(headers=headers).certificate is None
    asked = request(headers=headers, **{CERTIFICATE: ALICE})
    assert asked.certificate == (ALICE if counts else None)


# Requests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope, path",
    [
        ({"path": "/v2/a b", "raw_path": b"/v2/a%20b"}, "/v2/a%20b"),
        ({"path": "/v2/", "raw_path": b"/v2/?n=1"}, "/v2/"),
        ({"path": "/v2/a b"}, "/v2/a b"),
        ({"path": "/v2/", "raw_path": None}, "/v2/"),
    ],
)
def test_the_path_stays_encoded(scope: Scope, path: str) -> None:
    assert request(**scope).raw_path == path


def test_headers_are_found_and_repeated_ones_joined() -> None:
    made = request(headers=[(b"accept", b"a/b"), (b"x", b"\xe9"), (b"accept", b"c/d, e/f")])
    assert made.header(b"accept") == "a/b, c/d, e/f"
    assert made.header(b"x") == "é"
    assert made.header(b"y") is None


def test_the_query() -> None:
    made = request(query_string=b"n=1&last=a%2Fb&n=2&empty=&plus=a+b%2Bc")
    assert made.query == {
        "n": ["1", "2"],
        "last": ["a/b"],
        "empty": [""],
        "plus": ["a b+c"],
    }
    assert (made.argument("n"), made.argument("empty"), made.argument("x")) == ("1", "", None)
    assert request().query == {}


@given(st.binary(max_size=60))
def test_any_query_is_read_or_refused(encoded: bytes) -> None:
    fields = value_of(lambda: parse_fields(encoded)) or {}
    for name, values in fields.items():
        "".join([name, *values]).encode()  # what is told back must be text


def test_a_query_has_a_bound() -> None:
    most = b"&".join([b"a=b"] * QUERY_FIELDS_MAX)
    assert len(parse_fields(most)["a"]) == QUERY_FIELDS_MAX
    for encoded in (most + b"&a=b", b"&" * 1_000_000, b"a=%ff", b"%c3%28=x"):
        with pytest.raises(Fault) as refused:
            parse_fields(encoded)
        assert refused.value.code is Code.REQUEST_INVALID


LENGTH = b"content-length"
CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    "headers, length, http1, http2",
    [
        ([], None, False, True),
        ([(LENGTH, b"0")], 0, False, False),
        ([(LENGTH, b"7")], 7, True, True),
        ([(LENGTH, b"9" * 19)], 10**19 - 1, True, True),
        ([(LENGTH, b"9" * 5000)], None, False, True),
        ([(LENGTH, b"-1")], None, False, True),
        ([(LENGTH, b"\xb2")], None, False, True),
        ([(LENGTH, b"x")], None, False, True),
        ([CHUNKED], None, True, True),
    ],
)
def test_whether_a_body_follows(
    headers: list[tuple[bytes, bytes]], length: int | None, *, http1: bool, http2: bool
) -> None:
    assert request(headers=headers, http_version="1.1").content_length == length
    assert request(headers=headers, http_version="1.1").has_body == http1
    assert request(headers=headers, http_version="2").has_body == http2


def test_the_client_program_is_cut() -> None:
    long = request(headers=[(b"user-agent", b"x" * 999)])
    assert long.client_program == "x" * CLIENT_LENGTH_MAX
    assert request().client_program == ""


async def test_a_body_is_read_whole() -> None:
    parts = [part(b"a", more=True), part(b"", more=True), part(b"bc", more=True), part(b"d")]
    assert await request(*parts).read(4) == b"abcd"
    assert await request({"type": "http.request"}).read(0) == b""


@pytest.mark.parametrize(
    "messages, headers",
    [
        ([], [(LENGTH, b"5")]),
        ([part(b"abcde")], []),
        ([part(b"abc", more=True), part(b"de", more=True)], []),
        ([part(b"abcde", more=True)], [(LENGTH, b"1")]),
    ],
)
async def test_a_body_that_is_too_large(
    messages: list[Message], headers: list[tuple[bytes, bytes]]
) -> None:
    with pytest.raises(Fault) as refused:
        await request(*messages, headers=headers).read(4)
    assert refused.value.code is Code.MANIFEST_TOO_BIG
    assert refused.value.detail == {"limit": 4}


async def test_a_body_that_breaks_off() -> None:
    with pytest.raises(ConnectionResetError):
        await request(part(b"a", more=True), GONE).read(4)


async def test_a_form() -> None:
    assert await request(part(b"a=1&b=x+y&a=2")).form() == {"a": ["1", "2"], "b": ["x y"]}
    with pytest.raises(Fault):
        await request(part(b"a" * (FORM_MAX_BYTES + 1))).form()


async def test_a_body_is_drained_by_the_server() -> None:
    async def drain(write: Callable[[memoryview], None]) -> None:
        write(memoryview(b"bytes"))

    taken: list[bytes] = []
    made = request(extensions={DRAIN: {"drain": drain}})
    await made.drain(lambda view: taken.append(bytes(view)))
    assert taken == [b"bytes"]
    with pytest.raises(RuntimeError, match="drain"):
        await request().drain(lambda _view: None)


@pytest.mark.parametrize(
    "text, plain",
    [("", ""), ("a", "a"), ("a%3Ab", "a:b"), ("%c3%a9", "é"), ("%ff", "�"), ("%2", "%2")],
)
def test_a_segment_is_decoded(text: str, plain: str) -> None:
    assert unquoted(text) == plain


@given(st.text())
def test_a_decoded_segment_can_be_encoded(text: str) -> None:
    unquoted(text).encode("utf-8", "surrogatepass")


# Responses ---------------------------------------------------------------------------------------


class Memory:
    """A source that remembers what was done with it."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.breaks = breaks
        self.sent = False
        self.closed = 0

    async def send(self, _scope: Scope, send: Send) -> None:
        self.sent = True
        await send({"type": "http.response.body", "body": b"so", "more_body": True})
        if self.breaks:
            raise OSError("the disk failed")
        await send({"type": "http.response.body", "body": b"me"})

    def close(self) -> None:
        self.closed += 1


async def sent(response: Response, method: str = "GET") -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Send a response and return its headers and body."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    await send_response({"method": method}, send, response)
    assert [m["type"] for m in messages[:1]] == ["http.response.start"]
    assert messages[0]["status"] == response.status
    assert not messages[-1].get("more_body", False)
    return messages[0]["headers"], b"".join(m["body"] for m in messages[1:])


async def test_a_body_in_memory() -> None:
    headers, body = await sent(Response(200, body=b"some"))
    assert (headers, body) == ([(b"content-length", b"4")], b"some")


async def test_json() -> None:
    response = json_response(201, {"digest": Digest.of(b""), "é": None})
    headers, body = await sent(response)
    assert body == f'{{"digest":"{Digest.of(b"")}","é":null}}'.encode()
    assert headers == [
        (b"Content-Type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_has_no_length(status: int) -> None:
    response = Response(status)
    response.set("X", "é☃")
    assert await sent(response) == ([(b"X", b"\xe9?")], b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_source_is_sent_and_closed(method: str) -> None:
    source = Memory()
    headers, body = await sent(Response(200, source=source, length=4), method)
    assert headers == [(b"content-length", b"4")]
    assert body == (b"some" if method == "GET" else b"")
    assert (source.sent, source.closed) == (method == "GET", 1)


async def test_head_gets_the_length_of_what_it_does_not_get() -> None:
    headers, body = await sent(Response(200, body=b"some"), "HEAD")
    assert (headers, body) == ([(b"content-length", b"4")], b"")


async def test_a_source_is_closed_whatever_happens() -> None:
    for refused in ("http.response.start", "http.response.body"):

        async def refuse(message: Message, kind: str = refused) -> None:
            if message["type"] == kind:
                raise ConnectionResetError("the client went away")

        source = Memory()
        with pytest.raises(ConnectionResetError):
            await send_response({"method": "GET"}, refuse, Response(200, source=source))
        assert source.closed == 1
    source = Memory(breaks=True)
    with pytest.raises(OSError, match="disk"):
        await sent(Response(200, source=source))
    assert source.closed == 1


@pytest.mark.parametrize(
    "client,address",
    [
        (None, ""),
        (("192.0.2.1", 4711), "192.0.2.1"),
        (("::ffff:192.0.2.1", 4711), "192.0.2.1"),
        (("2001:DB8:0::1", 4711, 0, 0), "2001:db8::1"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::1"),
        (("somebody", 0), "unknown"),
    ],
)
def test_the_clients_address_has_one_writing(client: Any, address: str) -> None:
    assert request(client=client).client_address == address


def test_headers_never_change_the_clients_address() -> None:
    lies = [
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"forwarded", b"for=10.0.0.1"),
        (b"x-real-ip", b"::1"),
    ]
    assert request(client=("192.0.2.1", 1), headers=lies).client_address == "192.0.2.1"
