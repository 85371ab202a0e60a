"""The load client, against a server that says what a test wants."""

import ssl
import time
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.adapters.tls import own_certificate
from entrepot.faces.cli.bench.load import Load
from entrepot.faces.cli.bench.payload import Payload
from entrepot.faces.cli.bench.request import LoadError, Place, Request, Script
from tests.faces.cli.bench.scripted import CLOSE, Seen, answer, scripted

GET = Request(b"GET /blob HTTP/1.1\r\nHost: x\r\n\r\n")
BIG = b"0123456789abcdef" * 250_000


def times(count: int, request: Request = GET) -> Script:
    for _ in range(count):
        yield request


def forever(request: Request = GET) -> Script:
    while True:
        yield request


def test_each_answer_is_a_unit_and_its_bytes_are_counted() -> None:
    with scripted(lambda _: [answer("200 OK", b"hello")]) as server:
        tally = Load(server.place, [times(20) for _ in range(3)]).run()
    assert (tally.units, tally.body_bytes, len(tally.latencies)) == (60, 300, 60)
    assert tally.seconds > 0
    assert tally.rate() == pytest.approx(60 / tally.seconds)


def test_a_body_that_is_longer_than_any_buffer_is_counted_to_the_byte() -> None:
    with scripted(lambda _: [answer("200 OK", BIG)]) as server:
        tally = Load(server.place, [times(2)]).run()
    assert (tally.units, tally.body_bytes) == (2, 2 * len(BIG))


def test_answers_may_come_in_any_pieces() -> None:
    whole = answer("200 OK", b"hello", "X: y")

    def pieces(seen: Seen) -> list[bytes]:
        cut = seen.number % len(whole)
        return [piece for piece in (whole[:cut], whole[cut:]) if piece]

    with scripted(pieces) as server:
        tally = Load(server.place, [times(2 * len(whole))]).run()
    assert (tally.units, tally.body_bytes) == (2 * len(whole), 10 * len(whole))


def test_a_length_that_changes_is_believed() -> None:
    with scripted(lambda seen: [answer("200 OK", b"x" * (seen.number % 3))]) as server:
        tally = Load(server.place, [times(9)]).run()
    assert tally.body_bytes == 9


def test_chunked_bodies_are_counted_without_their_frames() -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with scripted(lambda _: [whole[:60], whole[60:]]) as server:
        tally = Load(server.place, [times(3)]).run()
    assert (tally.units, tally.body_bytes) == (3, 15)


def test_head_answers_have_no_body() -> None:
    request = Request(b"HEAD /blob HTTP/1.1\r\nHost: x\r\n\r\n", bare=True)
    with scripted(lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"]) as server:
        tally = Load(server.place, [times(3, request)]).run()
    assert (tally.units, tally.body_bytes) == (3, 0)


def test_a_connection_that_the_server_closes_is_opened_again() -> None:
    with scripted(lambda _: [answer("200 OK", b"x", "Connection: close"), CLOSE]) as server:
        tally = Load(server.place, [times(4), times(4)]).run()
    assert tally.units == 8


def test_a_script_is_sent_the_heads_it_wants() -> None:
    heads = []

    def script() -> Script:
        heads.append((yield Request(GET.head, status=202, wants_head=True)))
        heads.append((yield Request(GET.head, status=202)))

    with scripted(lambda seen: [answer("202 A", b"", f"Location: /{seen.number}")]) as server:
        Load(server.place, [script()]).run()
    assert b"Location: /0\r\n" in heads[0]
    assert heads[1:] == [b""]


def test_a_unit_may_be_of_several_requests() -> None:
    first = Request(GET.head, ends=False)

    def script() -> Script:
        for _ in range(3):
            yield first
            yield GET

    with scripted(lambda _: [answer("200 OK")]) as server:
        tally = Load(server.place, [script()]).run()
    assert (tally.units, len(server.seen)) == (3, 6)


def test_pushed_bodies_arrive_whole() -> None:
    with closing(Payload(5_000_000)) as payload, scripted(lambda _: [answer("201 C")]) as server:
        bodies = [payload.body() for _ in range(4)]
        head = b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
        requests = [Request(head, status=201, body=body.parts) for body in bodies]
        tally = Load(server.place, [times(1, request) for request in requests]).run()
    assert tally.units == 4
    assert {f"sha256:{one.sha256}" for one in server.seen} == {body.digest for body in bodies}


def test_time_ends_what_would_go_on() -> None:
    with scripted(lambda _: [answer("200 OK")]) as server:
        tally = Load(server.place, [forever() for _ in range(4)], seconds=0.05).run()
    assert tally.units >= 4
    assert 0.05 <= tally.seconds < 5


def test_what_is_under_way_at_the_cut_counts_by_its_share() -> None:
    half = answer("200 OK", BIG)[: -len(BIG) // 2]

    def stalls(_: Seen) -> list[bytes]:
        return [half]

    with scripted(stalls) as server:
        tally = Load(server.place, [forever()], seconds=0.3, cut=True).run()
    assert tally.units == pytest.approx(0.5)
    assert not tally.latencies
    assert tally.percentile(0.99) is None


def test_over_tls_the_same_is_counted_and_sent(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, ["127.0.0.1"], time.time())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    data = b"x" * 300_000
    head = b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    with (
        closing(Payload(len(data))) as payload,
        scripted(lambda _: [answer("200 OK", data)], context) as server,
    ):
        body = payload.body()
        place = Place("127.0.0.1", server.place.port, trusting)
        put = Request(head, body=body.parts)
        tally = Load(place, [times(3), times(1, put)]).run()
    assert (tally.units, tally.body_bytes) == (4, 4 * len(data))
    assert body.digest in [f"sha256:{one.sha256}" for one in server.seen]


@pytest.mark.parametrize(
    "pieces,said",
    [
        ([answer("500 No", b"why not")], "500 No, not 200. why not"),
        ([answer("200 OK", BIG)[:100_000], CLOSE], "bytes of a body to come"),
        ([CLOSE], "closed the connection instead"),
        ([answer("200 OK", b"abc") + b"d"], "4 bytes came where 3 were told"),
    ],
)
def test_what_is_not_as_it_should_be_ends_the_load(pieces: list[bytes], said: str) -> None:
    with scripted(lambda _: pieces) as server, pytest.raises(LoadError, match=said):
        Load(server.place, [times(2)]).run()


def test_the_same_head_with_another_status_is_noticed() -> None:
    def worsens(seen: Seen) -> list[bytes]:
        return [answer("200 OK" if seen.number < 3 else "500 No", b"hello")]

    with scripted(worsens) as server, pytest.raises(LoadError, match="500 No"):
        Load(server.place, [times(9)]).run()


def test_a_server_that_is_not_there() -> None:
    with scripted(lambda _: []) as server:
        place = server.place
    with pytest.raises(LoadError, match="refused"):
        Load(place, [times(1)]).run()
