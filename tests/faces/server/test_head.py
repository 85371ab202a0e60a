"""Response heads as bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.server.head import Framing, ResponseHead, render_head


def render(status: int = 200, *headers: tuple[bytes, bytes], **options: Any) -> ResponseHead:
    given = {"method": "GET", "http10": False, "keep_alive": True, "date_line": b"date: now\r\n"}
    return render_head(status, headers, **{**given, **options})


def test_length() -> None:
    head = render(200, (b"content-length", b"5"), (b"x", b"y"))
    assert head.data == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\ndate: now\r\n\r\n"
    assert head[1:] == (Framing.LENGTH, 5, True)


def test_chunked_without_a_length() -> None:
    head = render()
    assert b"transfer-encoding: chunked\r\n" in head.data
    assert head.framing is Framing.CHUNKED


def test_http10_without_a_length_ends_with_the_connection() -> None:
    head = render(http10=True)
    assert head.data == b"HTTP/1.1 200 OK\r\nconnection: close\r\ndate: now\r\n\r\n"
    assert (head.framing, head.keep_alive) == (Framing.CLOSE, False)


@pytest.mark.parametrize("status, method", [(204, "GET"), (304, "GET"), (200, "HEAD")])
def test_no_body(status: int, method: str) -> None:
    head = render(status, (b"Content-Length", b"5"), method=method)
    assert b"Content-Length: 5\r\n" in head.data
    assert head.framing is Framing.NONE
    assert b"transfer-encoding" not in render(status, method=method).data


def test_the_application_closes() -> None:
    head = render(200, (b"Connection", b"Close"), (b"content-length", b"0"))
    assert not head.keep_alive
    assert head.data.lower().count(b"connection:") == 1


def test_framing_and_date_of_the_application() -> None:
    head = render(200, (b"Transfer-Encoding", b"gzip"), (b"Date", b"then"))
    assert b"gzip" not in head.data
    assert head.data.lower().count(b"date:") == 1


@pytest.mark.parametrize("status", [100, 199, 600, 0])
def test_status_must_be_final(status: int) -> None:
    with pytest.raises(RuntimeError):
        render(status)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_header_never_makes_another_line(name: bytes, value: bytes) -> None:
    try:
        head = render(200, (b"content-length", b"0"), (b"x" + name, value))
    except RuntimeError:
        assert set(name + value) & set(b"\r\n\0")
    else:
        assert head.data.count(b"\r\n") == head.data.count(b"\n") == 5
