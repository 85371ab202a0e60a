"""What the store on objects is made of, piece by piece."""

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.blobs._table import Table
from entrepot.adapters.blobs.objects import STALE_SECONDS, hashing, progress
from entrepot.adapters.blobs.objects.bucket import waits
from entrepot.adapters.blobs.objects.errors import (
    StoreFailed,
    StoreRefused,
    Taken,
    code_in,
    failure,
    shortened,
)
from entrepot.adapters.blobs.objects.layout import (
    blob_key,
    blob_of,
    data_key,
    ref_key,
    upload_key,
    upload_of,
)
from entrepot.adapters.blobs.objects.links import CloudFront, Links
from entrepot.adapters.blobs.objects.records import Part, Pointer, Record, RecordBroken
from entrepot.adapters.blobs.objects.s3 import proxy_of
from entrepot.adapters.blobs.objects.segments import (
    PART_MIN_BYTES,
    PARTS_MAX,
    PartsSegment,
    size_of_part,
)
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, StoreFull
from tests.adapters.blobs.bodies import Stalled, Views, begin, read, some_bytes, upload_id
from tests.adapters.blobs.bodies import blob_of as blob_with
from tests.adapters.blobs.clouds import PART_SIZE_BYTES, Cloud, CloudMultiparts

TIB = 1 << 40
DATA_ID = f"{upload_id(1)}.{'0' * 16}"
KINDS = pytest.mark.parametrize("has_multiparts", [True, False], ids=["s3", "others"])


@given(data=st.binary(max_size=600), cut=st.integers(0, 600))
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_hash_goes_on_elsewhere(algorithm: str, data: bytes, cut: int) -> None:
    first = hashing.start(algorithm)
    first.update(memoryview(data)[:cut])
    state = hashing.state_of(first)
    assert state is not None, "OpenSSL's own functions are there"
    again = hashing.go_on(algorithm, state)
    assert again is not None
    again.update(bytearray(data[cut:]))
    assert again.hexdigest() == hashlib.new(algorithm, data).hexdigest()
    assert again.hexdigest() == again.hexdigest()
    assert first.hexdigest() == hashlib.new(algorithm, data[:cut]).hexdigest()


def test_a_known_state_is_the_same_on_every_machine() -> None:
    hasher = hashing.start("sha256")
    hasher.update(b"abc")
    words = "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19"
    assert hashing.state_of(hasher) == words + "0000000000000018" + "00000003" + b"abc".hex()


@pytest.mark.parametrize("state", ["", "zz", "00" * 43, "00" * 44 + "61", "00" * 43 + "40"])
def test_a_state_that_is_none(state: str) -> None:
    assert hashing.go_on("sha256", state) is None


def test_an_unknown_algorithm() -> None:
    with pytest.raises(Fault):
        hashing.start("md5")
    assert hashing.go_on("md5", "") is None


@KINDS
async def test_without_the_library_it_is_read_again(
    has_multiparts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_known", dict)
    cloud, data = Cloud(has_multiparts), some_bytes(7000)
    upload = await begin(cloud.open(), 1, data[:4000])
    await upload.close()
    again = await cloud.open().resume(upload_id(1))
    assert again is not None
    await again.append(Views(data[4000:]))
    assert await again.digest("sha256") == Digest.of(data)


@pytest.mark.parametrize("base", [5 << 20, 8 << 20, 64 << 20, 512 << 20])
def test_a_tebibyte_fits(base: int) -> None:
    sizes = [size_of_part(base, number) for number in range(PARTS_MAX)]
    assert sum(sizes) >= TIB
    assert sizes == sorted(sizes)
    assert set(sizes[: (20 << 30) // base]) == {base} or base < 8 << 20
    assert max(sizes) == max(base, 192 << 20)


BLOB = Blob(Digest.of(b"x"), 7)


def test_names() -> None:
    encoded = BLOB.digest.encoded
    assert blob_key(BLOB) == f"blobs/sha256/{encoded[:2]}/{encoded}.7"
    assert blob_of(blob_key(BLOB)) == blob_of(ref_key(BLOB)) == BLOB
    assert upload_of(upload_key(upload_id(1))) == upload_of(data_key(DATA_ID, 3)) == upload_id(1)


@pytest.mark.parametrize(
    "key",
    ["", "blobs", "blobs/sha256/ab/x.1", f"data/{DATA_ID}/0", f"{blob_key(BLOB)}x", "refs/a/b/c"],
)
def test_keys_that_name_no_blob(key: str) -> None:
    assert blob_of(key) is None


@pytest.mark.parametrize("key", ["", "uploads", "uploads/x", blob_key(BLOB), "data/../0"])
def test_keys_of_no_upload(key: str) -> None:
    assert upload_of(key) is None


def test_records_come_back() -> None:
    record = Record(
        DATA_ID,
        segments=(5, 6),
        multipart="m",
        parts=(Part('"e"', 7), Part("f", 8)),
        sealing=True,
        target=BLOB,
        states={"sha256": "00"},
        tail=b"a\nb\n",
        is_doomed=True,
    )
    assert Record.decode(record.encode()) == record
    assert record.offset == 5 + 6 + 7 + 8 + 4
    assert Record.decode(Record(DATA_ID).encode()) == Record(DATA_ID)
    pointer = Pointer(DATA_ID, (1, 2))
    assert Pointer.decode(pointer.encode()) == pointer


@given(raw=st.binary(max_size=200))
def test_records_that_are_none(raw: bytes) -> None:
    for decode in (Record.decode, Pointer.decode):
        with pytest.raises(RecordBroken):
            decode(raw)


@pytest.mark.parametrize(
    "change", [(b'"version":1', b'"version":2'), (DATA_ID.encode(), b"../etc"), (b"\nab", b"\na")]
)
def test_records_of_others(change: tuple[bytes, bytes]) -> None:
    raw = Record(DATA_ID, tail=b"ab").encode()
    assert change[0] in raw
    with pytest.raises(RecordBroken):
        Record.decode(raw.replace(*change))


async def test_a_record_that_cannot_be_read_is_of_no_bytes() -> None:
    cloud = Cloud()
    cloud.driver.put(upload_key(upload_id(1)), b"later version")
    store = cloud.open()
    assert [name async for name in store.scan_uploads()] == [upload_id(1)]
    upload = await store.resume(upload_id(1))
    assert upload is not None
    assert upload.offset == 0
    await upload.abort()
    assert cloud.keys() == set()


async def test_a_small_blob_is_one_request() -> None:
    told: list[str] = []
    cloud = Cloud(watch=lambda when, what, key: told.append(f"{what} {key}"))
    upload = await cloud.open().begin(upload_id(1))
    await upload.append(Views(b"bytes"), durable=False)
    blob = blob_with(b"bytes")
    assert await upload.digest("sha256") == blob.digest
    await upload.commit(blob)
    assert set(told) == {f"writing {blob_key(blob)}"}
    assert len(told) == 2, "before and after"


async def test_only_stale_uploads_are_shown() -> None:
    cloud = Cloud()
    await begin(cloud.open(), 1, b"bytes")
    assert [name async for name in cloud.open(STALE_SECONDS).scan_uploads()] == []
    store = cloud.open(STALE_SECONDS)
    assert await store.reap(datetime.now(UTC) + timedelta(days=1)) == 0
    assert [name async for name in cloud.open().scan_uploads()] == [upload_id(1)]


@KINDS
async def test_parts_are_stored_while_the_body_comes(has_multiparts: bool) -> None:
    cloud = Cloud(has_multiparts)
    store = cloud.open()
    upload = await store.begin(upload_id(1))
    body = Stalled(*[some_bytes(PART_SIZE_BYTES)] * 5)
    task = asyncio.create_task(upload.append(body))
    await body.has_given.wait()
    if has_multiparts:
        while sum(map(len, cloud.multiparts.values())) < 5:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert upload.offset == 5 * PART_SIZE_BYTES
    again = await cloud.open().resume(upload_id(1))
    assert again is not None
    assert again.offset == 5 * PART_SIZE_BYTES


@KINDS
async def test_spans_across_segments(has_multiparts: bool) -> None:
    cloud, data = Cloud(has_multiparts), some_bytes(9000)
    upload = await cloud.open().begin(upload_id(1))
    for start in (0, 3000, 6000):
        await upload.append(Views(data[start : start + 3000]))
        await upload.digest("sha512")
        hasherless = await cloud.open().resume(upload_id(1))
        assert hasherless is not None
    blob = blob_with(data)
    await upload.commit(blob)
    store = cloud.open()
    for span in (Span(0, 9000), Span(2999, 2), Span(2990, 4000), Span(8999, 1), Span(9000, 0)):
        reading = await store.open(blob, span)
        found = b"".join([chunk async for chunk in reading.chunks()])
        assert found == data[span.offset : span.offset + span.length]
        reading.close()


@KINDS
async def test_links_name_the_one_object_that_has_the_bytes(has_multiparts: bool) -> None:
    signed: list[str] = []

    async def sign(key: str, seconds: float) -> str:
        signed.append(key)
        return f"https://bucket/{key}?{seconds}"

    cloud = Cloud(has_multiparts, links=Links(sign, 60.0))
    store = cloud.open()
    link = store.capabilities.link
    assert link is not None
    small, big, pieces = (some_bytes(size) for size in (10, 5000, 5001))
    for number, data in enumerate((small, big), 1):
        upload = await begin(store, number, data)
        blob = blob_with(data)
        await upload.commit(blob)
        url = await link(blob, len(data))
        assert url == f"https://bucket/{signed[-1]}?60.0"
        assert cloud.bytes_at(signed[-1]) == data
        assert await link(blob, len(data)) == url
    assert len(signed) == 2
    upload = await store.begin(upload_id(3))
    await upload.append(Views(pieces[:3000]))
    await upload.digest("sha512")
    await upload.append(Views(pieces[3000:]))
    await upload.digest("sha512")
    blob = blob_with(pieces)
    await upload.commit(blob)
    if not has_multiparts:
        assert await link(blob, len(pieces)) is None, "it is in two"
    assert await link(blob_with(b"y" * 5000), 5000) is None, "it is not there"


async def test_a_link_is_renewed_at_half_of_its_life() -> None:
    now = 1000.0
    made: list[float] = []

    async def sign(key: str, seconds: float) -> str:
        made.append(now)
        return f"{key}{len(made)}"

    links = Links(sign, 100.0, now=lambda: now)
    assert await links.of("a") == "a1"
    now = 1050.0
    assert await links.of("a") == "a1"
    now = 1051.0
    assert await links.of("a") == "a2"
    now = 1000.0  # the clock was set back
    assert await links.of("a") == "a3"


async def test_links_are_not_remembered_for_longer_than_credentials_last() -> None:
    """What the credentials of a role sign ends with them, whatever it says."""
    now = 1000.0
    made: list[float] = []

    async def sign(key: str, seconds: float) -> str:
        made.append(seconds)
        return f"{key}{len(made)}"

    links = Links(sign, 7 * 86400.0, now=lambda: now)
    assert await links.of("a") == "a1"
    now += 299.0
    assert await links.of("a") == "a1"
    now += 2.0
    assert await links.of("a") == "a2"
    assert made == [7 * 86400.0] * 2


async def test_cloudfront_urls(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    front = CloudFront(
        "https://d1.cloudfront.net/", "a b/c", key_id="K1", key_file=str(file), now=lambda: 1000.7
    )
    url = await front.sign("blobs/x.1", 60.0)
    resource, _, query = url.partition("?")
    assert resource == "https://d1.cloudfront.net/a%20b/c/blobs/x.1"
    fields = parse_qs(query)
    assert fields["Expires"] == ["1060"]
    assert fields["Key-Pair-Id"] == ["K1"]
    signature = fields["Signature"][0].translate(str.maketrans("-_~", "+=/"))
    policy = (
        f'{{"Statement":[{{"Resource":"{resource}",'
        '"Condition":{"DateLessThan":{"AWS:EpochTime":1060}}}]}'
    )
    key.public_key().verify(base64.b64decode(signature), policy.encode(), PKCS1v15(), SHA1())  # noqa: S303 - CloudFront's
    assert urlsplit(url).scheme == "https"


def test_cloudfront_keys_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    wrong = ec.generate_private_key(ec.SECP256R1())
    for raw in (
        b"",
        b"no key",
        wrong.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        file.write_bytes(raw)
        with pytest.raises(ValueError, match=r"objects\.cdn_key"):
            CloudFront("https://d1", "", key_id="K1", key_file=str(file))
    with pytest.raises(FileNotFoundError):
        CloudFront("https://d1", "", key_id="K1", key_file=str(tmp_path / "none"))


@pytest.mark.parametrize(
    "text, kind, words",
    [
        ("<Code>SlowDown</Code>", StoreFailed, "SlowDown"),
        ("<Code>AccessDenied</Code>", StoreRefused, "grant it"),
        ("<Code>SignatureDoesNotMatch</Code>", StoreRefused, "secret key is wrong"),
        ("status code: 403 Forbidden", StoreRefused, "grant it"),
        ("status code: 507 Insufficient", StoreFull, "free some space"),
        ("<Code>XMinioStorageFull</Code>", StoreFull, "free some space"),
        ("one\n two\n\nDebug source: three", StoreFailed, "doing: one two$"),
    ],
)
def test_what_is_said_of_failures(text: str, kind: type[OSError], words: str) -> None:
    error = failure("doing", text)
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error


def test_words_of_stores() -> None:
    assert code_in("nothing") == ""
    assert len(shortened("x" * 10_000)) < 1000


class Item:
    def __init__(self, name: str) -> None:
        self.id = name


def test_a_table_forgets_what_nobody_holds() -> None:
    table: Table[Item] = Table(recent_max=2)
    held = table.keep(Item("a"))
    for name in ("b", "c", "d"):
        table.keep(Item(name))
    assert table.find("a") is held
    assert table.find("b") is None
    table.forget("a")
    assert table.find("a") is None


def test_the_least_part_is_what_s3_wants() -> None:
    assert PART_MIN_BYTES == 5 << 20


@KINDS
async def test_an_upload_at_rest_has_little_in_memory(has_multiparts: bool) -> None:
    cloud, data = Cloud(has_multiparts), some_bytes(1200)
    upload = await begin(cloud.open(), 1, data[:900])
    inside = upload._progress  # type: ignore[attr-defined]
    assert len(inside.growing.tail) == 0
    assert upload.offset == 900
    assert await upload.digest("sha512") == Digest.of(data[:900], "sha512")
    assert await upload.append(Views(data[900:1000])) == 1000
    assert await upload.append(Views(data[1000:])) == 1200
    blob = blob_with(data)
    await upload.commit(blob)
    assert await read(cloud.open(), blob) == data


async def test_one_who_comes_too_late_takes_nothing_back() -> None:
    cloud = Cloud()
    late = await begin(cloud.open(), 1, b"one")
    other = await cloud.open().resume(upload_id(1))
    assert other is not None
    await other.append(Views(b"two"))
    with pytest.raises(StoreFailed, match="another process went on"):
        await late.append(Views(b"three"))
    with pytest.raises(StoreFailed, match="another process went on"):
        await late.append(Views(b"four"))
    assert late.offset == 3
    again = await cloud.open().resume(upload_id(1))
    assert again is not None
    assert await again.digest("sha256") == Digest.of(b"onetwo")
    await again.commit(blob_with(b"onetwo"))
    with pytest.raises(FileNotFoundError, match="ended by another"):
        await late.append(Views(b"five"))


async def test_a_server_that_knows_no_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals: list[str] = []

    def refuse(when: str, what: str, key: str) -> None:
        if when == "before" and what == "writing" and not refusals:
            refusals.append(key)
            raise StoreFailed("no") from ValueError("<Code>NotImplemented</Code>")

    cloud = Cloud(watch=refuse)
    bucket = cloud.open().bucket
    cloud.driver.put("there", b"1")
    with pytest.raises(Taken):
        await bucket.exchange("there", b"2", None)
    # It is taken at its word for a while.
    assert await bucket.exchange("new", b"3", None) == {}
    with pytest.raises(Taken):
        await bucket.exchange("there", b"4", None)
    assert await bucket.exchange("new", b"5", {}) == {}
    assert (cloud.bytes_at("there"), cloud.bytes_at("new")) == (b"1", b"5")
    assert refusals == ["there"]
    monkeypatch.setattr(bucket, "_unconditional_until", 0.0)
    assert await bucket.exchange("newer", b"6", None) != {}


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_of("https://s3") is None
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "minio,.internal")
    assert proxy_of("https://b.s3.eu-west-1.amazonaws.com") == "http://proxy:3128"
    assert proxy_of("https://minio:9000") is None
    assert proxy_of("https://s3.internal") is None
    assert proxy_of("http://s3") is None


async def test_no_upload_runs_out_of_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "ROLL_PARTS", 2)
    cloud, data = Cloud(), some_bytes(9 * PART_SIZE_BYTES + 10)
    upload = await cloud.open().begin(upload_id(1))
    for start in range(0, len(data), PART_SIZE_BYTES):
        await upload.append(Views(data[start : start + PART_SIZE_BYTES]))
    blob = blob_with(data)
    assert await upload.digest("sha256") == blob.digest
    await upload.commit(blob)
    assert len(cloud.keys("data")) == 5
    assert await read(cloud.open(), blob) == data
    assert cloud.multiparts == {}


async def test_a_segment_that_lacks_a_part_is_not_sealed() -> None:
    cloud = Cloud()
    bucket = cloud.open().bucket
    segment = PartsSegment(bucket, CloudMultiparts(cloud), "data/x")
    await segment.add(1, bytearray(PART_SIZE_BYTES))
    await segment.add(3, bytearray(10))
    with pytest.raises(StoreFailed, match="lacks a part"):
        await segment.seal()


def test_what_was_tried_for_long_is_not_tried_again() -> None:
    assert len(list(waits())) == len(list(waits(60.0))) == 4
    assert list(waits(-1.0)) == [None]
