"""What is read of the head of an answer."""

import pytest

from entrepot.faces.cli.bench.answers import HEAD_MAX_BYTES, parse
from entrepot.faces.cli.bench.request import LoadError, Request

GET = Request(b"GET /v2/ HTTP/1.1\r\n\r\n")
HEAD = Request(b"HEAD /v2/ HTTP/1.1\r\n\r\n", bare=True)
TOLD = b"HTTP/1.1 200 OK\r\ncontent-LENGTH:  5 \r\nDate: now\r\n\r\n"


def test_length_and_the_beginning_of_the_body() -> None:
    found = parse(GET, TOLD + b"ab")
    assert found is not None
    assert (found.length, found.body, found.chunked, found.closes) == (5, b"ab", False, False)
    assert found.shape is not None
    assert found.shape.size == len(TOLD) + 5
    at = found.shape.length_at
    assert TOLD[at : at + len(found.shape.length)] == found.shape.length


def test_an_answer_to_head_has_no_body() -> None:
    found = parse(HEAD, TOLD)
    assert found is not None
    assert (found.length, found.shape is not None) == (0, True)


def test_half_a_head_is_waited_for() -> None:
    assert all(parse(GET, TOLD[:end]) is None for end in range(len(TOLD)))


@pytest.mark.parametrize("more", [b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_what_ends_in_another_way_has_no_shape(more: bytes) -> None:
    found = parse(GET, TOLD[:-2] + more + b"\r\n")
    assert found is not None
    assert found.shape is None
    assert (found.closes, found.chunked) == (b"close" in more, b"chunked" in more)


@pytest.mark.parametrize(
    "data,said",
    [
        (
            b"HTTP/1.1 404 Not Found\r\n\r\nwhy",
            r"GET /v2/: HTTP/1.1 404 Not Found, not 200. why",
        ),
        (b"HTTP/1.1 2000\r\n\r\n", "not 200"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "without a Content-Length"),
        (TOLD + b"abcdef", "6 bytes came where 5 were told"),
        (b"x" * (HEAD_MAX_BYTES + 1), "longer than"),
    ],
)
def test_other_answers_end_the_load(data: bytes, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        parse(GET, data)


def test_no_content_needs_no_length() -> None:
    found = parse(Request(b"DELETE /x HTTP/1.1\r\n\r\n", status=204), b"HTTP/1.1 204 N\r\n\r\n")
    assert found is not None
    assert found.length == 0
