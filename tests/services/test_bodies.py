"""Bodies end in a refusal where they are too long; readings tell their digest."""

import pytest

from entrepot.adapters.blobs.memory import open_store
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.ports.blobs import Blob
from entrepot.ports.ledgers import KIND_PROJECT, Ledger
from entrepot.services.bodies import Whole, bounded, digest_of, within
from entrepot.services.quotas import Room
from tests.services.house import Bytes


def room(limit: int | None, used: int = 0) -> Room:
    return Room((Ledger(1, KIND_PROJECT, "acme", used, 1, limit, None),))


async def test_a_body_is_taken_up_to_its_bound_and_refused_beyond() -> None:
    taken = bytearray()
    await bounded(Bytes(b"four"), 4).drain(taken.extend)
    assert taken == b"four"
    with pytest.raises(Fault) as refused:
        await bounded(Bytes(b"five!"), 4).drain(taken.extend)
    assert refused.value.code is Code.SIZE_INVALID
    assert taken == b"four"


async def test_a_body_fits_while_there_is_room() -> None:
    taken = bytearray()
    await within(room(10, 4), Bytes(b"abcd"), offset=2, said_bytes=None).drain(taken.extend)
    await within(room(None), Bytes(b"more"), offset=2, said_bytes=99).drain(taken.extend)
    await within(room(4, 9), Bytes(b""), offset=0, said_bytes=0).drain(taken.extend)
    assert taken == b"abcdmore"


async def test_a_body_over_the_quota_is_refused_in_its_words() -> None:
    taken = bytearray()
    body = within(room(10, 4), Bytes(b"abcde"), offset=2, said_bytes=None)
    with pytest.raises(Fault) as refused:
        await body.drain(taken.extend)
    assert refused.value.code is Code.DENIED
    assert "adding 7 B of storage resource" in refused.value.message
    assert not taken


def test_what_headers_say_is_refused_before_the_body() -> None:
    with pytest.raises(Fault) as refused:
        within(room(10, 4), Bytes(b""), offset=2, said_bytes=5)
    assert refused.value.code is Code.DENIED


async def test_what_is_in_memory_comes_in_one_piece() -> None:
    taken: list[bytes] = []
    await Whole(b"whole").drain(lambda view: taken.append(bytes(view)))
    assert taken == [b"whole"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_reading_tells_its_digest_and_is_closed(algorithm: str) -> None:
    store = await open_store()
    digest = Digest.of(b"read", algorithm)
    upload = await store.begin("0" * 32)
    await upload.append(Bytes(b"read"))
    await upload.commit(Blob(digest, 1))
    reading = await store.open(Blob(digest, 1))
    assert await digest_of(reading, algorithm) == digest
    with pytest.raises(ValueError, match="closed"):
        await anext(aiter(reading.chunks()))
