"""Bodies to push: unique, and of the digest they say."""

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.cli.bench.payload import BLOCK_BYTES, SALT_BYTES, Payload, Span

SIZE = BLOCK_BYTES + 1000


@pytest.fixture(scope="module")
def payload() -> Iterator[Payload]:
    with closing(Payload(SIZE)) as made:
        yield made


def bytes_of(parts: tuple[Span | bytes, ...]) -> bytes:
    return b"".join(
        part if isinstance(part, bytes) else bytes(part.view[part.start : part.stop])
        for part in parts
    )


def test_a_body_has_the_size_and_digest_it_says(payload: Payload) -> None:
    body = payload.body()
    data = bytes_of(body.parts)
    assert (len(data), body.size) == (SIZE, SIZE)
    assert body.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_no_two_bodies_are_alike(payload: Payload) -> None:
    assert len({payload.body().digest for _ in range(100)}) == 100


@given(start=st.integers(0, SIZE), length=st.integers(0, SIZE))
def test_a_cut_is_the_bytes_from_start_to_stop(payload: Payload, start: int, length: int) -> None:
    body = payload.body()
    whole = bytes_of(body.parts)
    assert bytes_of(body.cut(start, start + length)) == whole[start : start + length]


def test_a_body_is_longer_than_what_makes_it_unique() -> None:
    with pytest.raises(ValueError, match=str(SALT_BYTES)):
        Payload(SALT_BYTES)
