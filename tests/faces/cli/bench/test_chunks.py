"""A chunked body is counted exactly, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.cli.bench.chunks import LINE_MAX_BYTES, Chunks
from entrepot.faces.cli.bench.request import LoadError


def encoded(parts: list[bytes], trailer: bytes = b"") -> bytes:
    chunks = [b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in parts]
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


@given(
    parts=st.lists(st.binary(min_size=1, max_size=60)),
    step=st.integers(1, 40),
    trailer=st.sampled_from([b"", b"X-Digest: abc\r\n"]),
)
def test_any_cut_gives_the_size_and_the_end(parts: list[bytes], step: int, trailer: bytes) -> None:
    data = encoded(parts, trailer)
    chunks = Chunks(b"")
    done = [chunks.feed(data[at : at + step]) for at in range(0, len(data), step)]
    assert done == [False] * (len(done) - 1) + [True]
    assert chunks.size == sum(len(part) for part in parts)


@pytest.mark.parametrize(
    "data,said",
    [
        (b"zz\r\n", "without its size"),
        (b"a" * (LINE_MAX_BYTES + 1), "too long"),
        (b"0\r\n\r\nHTTP/1.1", "follow the end"),
    ],
)
def test_what_is_no_chunked_body_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        Chunks(b"").feed(data)
