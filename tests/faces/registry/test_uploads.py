"""Blob uploads: in one request, in one piece, in chunks (I6); and mounts."""

import asyncio
import re

import pytest

from entrepot.oci.digest import Digest
from entrepot.settings import Uploads
from tests.collecting import condemn_due
from tests.faces.registry.client import Answer, Broken
from tests.faces.registry.registry import Registry, open_registry

DATA = b"the bytes of a layer " * 50
SIZE = len(DATA)
DIGEST = Digest.of(DATA)
EMPTY = Digest.of(b"")
UPLOADS = "/v2/app/blobs/uploads/"


def assert_accepted(answer: Answer, size: int, name: str = "app") -> str:
    """Fail unless the answer is that of a session with so many bytes; return its address."""
    assert answer.status in (202, 204), answer.body
    upload_id = answer.header("Docker-Upload-UUID")
    assert answer.header("Location") == f"/v2/{name}/blobs/uploads/{upload_id}"
    assert answer.header("Range") == f"0-{max(0, size - 1)}"
    assert answer.body == b""
    return f"/v2/{name}/blobs/uploads/{upload_id}"


async def assert_stored(
    registry: Registry, answer: Answer, digest: Digest = DIGEST, data: bytes = DATA
) -> None:
    """Fail unless the answer says that the blob is there, and it is."""
    assert answer.status == 201, answer.body
    assert answer.header("Location") == f"/v2/app/blobs/{digest}"
    assert answer.header("Docker-Content-Digest") == digest
    assert answer.header("Content-Length") == "0"
    assert (await registry.get(f"/v2/app/blobs/{digest}")).body == data


# The three ways in -------------------------------------------------------------------------------


async def test_one_post_with_everything(registry: Registry) -> None:
    answer = await registry.request("POST", f"{UPLOADS}?digest={DIGEST}", (), DATA)
    await assert_stored(registry, answer)


async def test_a_post_then_a_put_with_everything(registry: Registry) -> None:
    location = assert_accepted(await registry.request("POST", UPLOADS), 0)
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA)
    await assert_stored(registry, answer)


async def test_chunks_with_content_range(registry: Registry) -> None:
    location = assert_accepted(await registry.request("POST", UPLOADS), 0)
    for start in range(0, 900, 300):
        headers = {"Content-Range": f"{start}-{start + 299}"}
        answer = await registry.request("PATCH", location, headers, DATA[start : start + 300])
        location = assert_accepted(answer, start + 300)
    headers = {"Content-Range": f"900-{SIZE - 1}"}
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", headers, DATA[900:])
    await assert_stored(registry, answer)
    assert (await registry.get(location)).code == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_session_may_be_asked_for_without_the_last_slash(
    registry: Registry, slash: str
) -> None:
    assert_accepted(await registry.request("POST", f"/v2/app/blobs/uploads{slash}"), 0)


async def test_the_digest_may_be_percent_encoded(registry: Registry) -> None:
    location = await registry.start_upload()
    encoded = DIGEST.replace(":", "%3A")
    await assert_stored(
        registry, await registry.request("PUT", f"{location}?digest={encoded}", (), DATA)
    )


@pytest.mark.parametrize("data", [b"", b"{}", b"x"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_small_blobs(registry: Registry, data: bytes, *, chunked: bool) -> None:
    digest = Digest.of(data)
    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    location = await registry.start_upload()
    answer = await registry.request("PUT", f"{location}?digest={digest}", headers, data)
    await assert_stored(registry, answer, digest, data)
    answer = await registry.request("POST", f"{UPLOADS}?digest={digest}", headers, data)
    await assert_stored(registry, answer, digest, data)


async def test_an_empty_session_can_be_finished(registry: Registry) -> None:
    location = await registry.start_upload()
    answer = await registry.request("PUT", f"{location}?digest={EMPTY}")
    await assert_stored(registry, answer, EMPTY, b"")


async def test_two_uploads_of_one_blob_both_succeed(registry: Registry) -> None:
    locations = [await registry.start_upload() for _ in range(2)]
    for location in locations:
        await registry.request("PATCH", location, (), DATA)
    for location in locations:
        answer = await registry.request("PUT", f"{location}?digest={DIGEST}")
        await assert_stored(registry, answer)


async def test_conformance_names_sha512_only_at_the_end(registry: Registry) -> None:
    digest = Digest.of(DATA, "sha512")
    location = await registry.start_upload()
    await registry.request("PATCH", location, (), DATA)
    answer = await registry.request("PUT", f"{location}?digest={digest}")
    await assert_stored(registry, answer, digest)


async def test_the_algorithm_may_be_named_at_the_start(registry: Registry) -> None:
    answer = await registry.request("POST", f"{UPLOADS}?digest-algorithm=sha512")
    location = assert_accepted(answer, 0)
    digest = Digest.of(DATA, "sha512")
    answer = await registry.request("PUT", f"{location}?digest={digest}", (), DATA)
    await assert_stored(registry, answer, digest)
    refused = await registry.request("POST", f"{UPLOADS}?digest-algorithm=md5")
    assert (refused.status, refused.code) == (400, "DIGEST_INVALID")


# Status and cancellation -------------------------------------------------------------------------


async def test_status_tells_how_far_it_is(registry: Registry) -> None:
    location = await registry.start_upload()
    for before, size in ((0, 0), (0, 1), (1, 500)):
        await registry.request("PATCH", location, (), DATA[before:size])
        status = await registry.get(location)
        assert status.status == 204
        assert_accepted(status, size)


async def test_cancel_ends_the_session(registry: Registry) -> None:
    location = await registry.start_upload()
    await registry.request("PATCH", location, (), DATA)
    assert (await registry.request("DELETE", location)).status == 204
    assert registry.disk.files == {}
    for method in ("GET", "PATCH", "DELETE"):
        gone = await registry.request(method, location)
        assert (gone.status, gone.code) == (404, "BLOB_UPLOAD_UNKNOWN")
    gone = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA)
    assert (gone.status, gone.code) == (404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("upload_id", ["0" * 32, "x", "..", "%2e%2e%2fcatalog.db", "a" * 4000])
async def test_a_session_that_never_was(registry: Registry, upload_id: str) -> None:
    await registry.start_upload()
    gone = await registry.get(f"{UPLOADS}{upload_id}")
    assert (gone.status, gone.code) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_a_session_belongs_to_its_repository(registry: Registry) -> None:
    location = await registry.start_upload("library/app")
    await registry.start_upload("other")
    foreign = location.replace("library/app", "other")
    assert (await registry.get(foreign)).code == "BLOB_UPLOAD_UNKNOWN"
    # The two names of one repository are the same.
    assert_accepted(await registry.get(location.replace("library/app", "app")), 0)


async def test_idle_sessions_end(registry: Registry) -> None:
    location = await registry.start_upload()
    registry.clock.seconds += 100_000
    await registry.house.uploads.expire()
    assert (await registry.get(location)).code == "BLOB_UPLOAD_UNKNOWN"


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_range, length, status, code",
    [
        ("50-149", 100, 416, "RANGE_INVALID"),
        ("101-200", 100, 416, "RANGE_INVALID"),
        ("200-100", 100, 416, "RANGE_INVALID"),
        ("bytes=100-199", 100, 416, "RANGE_INVALID"),
        ("100", 100, 416, "RANGE_INVALID"),
        ("x-y", 100, 416, "RANGE_INVALID"),
        ("100-150", 100, 400, "SIZE_INVALID"),
        ("100-299", 100, 400, "SIZE_INVALID"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_i6_a_wrong_chunk_is_refused_and_the_session_goes_on(
    registry: Registry, method: str, content_range: str, length: int, status: int, code: str
) -> None:
    location = await registry.start_upload()
    await registry.request("PATCH", location, {"Content-Range": "0-99"}, DATA[:100])
    target = f"{location}?digest={DIGEST}" if method == "PUT" else location
    chunk = DATA[100 : 100 + length]
    answer = await registry.request(method, target, {"Content-Range": content_range}, chunk)
    assert (answer.status, answer.code) == (status, code)
    assert_accepted(await registry.get(location), 100)
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA[100:])
    await assert_stored(registry, answer)


async def test_a_put_without_digest_leaves_the_session(registry: Registry) -> None:
    location = await registry.start_upload()
    for target in (location, f"{location}?digest=", f"{location}?digest=sha256:12"):
        answer = await registry.request("PUT", target, (), DATA)
        assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert_accepted(await registry.get(location), 0)


async def test_a_wrong_digest_ends_the_session(registry: Registry) -> None:
    location = await registry.start_upload()
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA[1:])
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert answer.json["errors"][0]["detail"]["actual"] == Digest.of(DATA[1:])
    assert (await registry.get(location)).status == 404
    assert registry.disk.files == {}


async def test_a_post_with_a_wrong_digest_leaves_nothing(registry: Registry) -> None:
    answer = await registry.request("POST", f"{UPLOADS}?digest={DIGEST}", (), DATA[1:])
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    answer = await registry.request("POST", f"{UPLOADS}?digest=sha256:1", (), DATA)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registry.disk.files == {}
    async with registry.catalog.begin() as tx:
        assert await tx.uploads.expired(float("inf"), 10) == []


async def test_a_blob_that_is_too_large_is_refused() -> None:
    async with open_registry(uploads=Uploads(size_max_bytes=SIZE - 1)) as registry:
        location = await registry.start_upload()
        answer = await registry.request("PATCH", location, (), DATA)
        assert (answer.status, answer.code) == (400, "SIZE_INVALID")
        answer = await registry.request("POST", f"{UPLOADS}?digest={DIGEST}", (), DATA)
        assert (answer.status, answer.code) == (400, "SIZE_INVALID")


@pytest.mark.parametrize("name", ["App", "a//b", "-a", "a" * 300, "a_/b", "%ff"])
async def test_a_name_that_cannot_be(registry: Registry, name: str) -> None:
    answer = await registry.request("POST", f"/v2/{name}/blobs/uploads/")
    assert (answer.status, answer.code) == (400, "NAME_INVALID")


async def test_one_request_at_a_time_writes_to_a_session(registry: Registry) -> None:
    location = await registry.start_upload()
    requests = [registry.request("PATCH", location, (), DATA) for _ in range(3)]
    answers = await asyncio.gather(*requests)
    assert sorted(answer.status for answer in answers) == [202, 416, 416]
    assert_accepted(await registry.get(location), SIZE)
    requests = [registry.request("PUT", f"{location}?digest={DIGEST}") for _ in range(3)]
    answers = await asyncio.gather(*requests)
    assert sorted(answer.status for answer in answers) == [201, 416, 416]


async def test_what_arrived_before_the_client_vanished_stays(registry: Registry) -> None:
    location = await registry.start_upload()
    with pytest.raises(ConnectionResetError):
        await registry.request("PATCH", location, (), Broken(DATA[:300]))
    assert_accepted(await registry.get(location), 300)
    with pytest.raises(ConnectionResetError):
        await registry.request("PUT", f"{location}?digest={DIGEST}", (), Broken(DATA[300:600]))
    assert_accepted(await registry.get(location), 600)
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA[600:])
    await assert_stored(registry, answer)


async def test_a_post_that_breaks_off_leaves_nothing(registry: Registry) -> None:
    with pytest.raises(ConnectionResetError):
        await registry.request("POST", f"{UPLOADS}?digest={DIGEST}", (), Broken(DATA[:300]))
    assert registry.disk.files == {}


# What happens meanwhile --------------------------------------------------------------------------


async def test_an_upload_that_outlasts_its_lease_must_be_sent_again() -> None:
    is_slow = False

    async def dawdle() -> None:
        if is_slow:
            registry.clock.seconds += 100_000
            async with registry.catalog.begin(write=True) as tx:
                await condemn_due(tx, registry.clock.now())

    async with open_registry(delay=dawdle) as registry:
        location = await registry.start_upload()
        await registry.request("PATCH", location, (), DATA)
        is_slow = True
        answer = await registry.request("PUT", f"{location}?digest={DIGEST}")
        is_slow = False
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        assert answer.header("Retry-After") == "1"
        answer = await registry.request("PUT", f"{location}?digest={DIGEST}")
        assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")
        answer = await registry.request("POST", f"{UPLOADS}?digest={DIGEST}", (), DATA)
        await assert_stored(registry, answer)


async def test_a_session_that_ends_while_others_expire_leaves_nothing() -> None:
    to_end = ""

    async def end_the_other() -> None:
        nonlocal to_end
        location, to_end = to_end, ""
        if location:
            assert (await registry.request("DELETE", location)).status == 204

    async with open_registry(delay=end_the_other) as registry:
        for _ in range(2):
            last = await registry.start_upload()
            await registry.request("PATCH", last, (), DATA)
        registry.clock.seconds += 100_000
        to_end = last
        assert await registry.house.uploads.expire() == 1
        assert registry.disk.files == {}


# Mounts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["&from=base/os", "&from=base%2Fos", "", "&from="])
async def test_a_mount_takes_the_blob_without_its_bytes(registry: Registry, source: str) -> None:
    await registry.push_blob(DATA, "base/os")
    answer = await registry.request("POST", f"{UPLOADS}?mount={DIGEST}{source}")
    await assert_stored(registry, answer)


@pytest.mark.parametrize(
    "query",
    [
        f"mount={DIGEST}&from=base/empty",
        f"mount={DIGEST}&from=no/such",
        f"mount={DIGEST}&from=Not/A/Name",
        f"mount={Digest.of(b'absent')}",
        f"mount={Digest.of(b'absent')}&from=base/os",
        "mount=sha384:abc&from=base/os",
        "mount=&from=base/os",
    ],
)
async def test_a_mount_that_cannot_be_opens_a_session(registry: Registry, query: str) -> None:
    await registry.push_blob(DATA, "base/os")
    await registry.start_upload("base/empty")
    answer = await registry.request("POST", f"{UPLOADS}?{query}")
    assert answer.status == 202
    location = assert_accepted(answer, 0)
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA)
    await assert_stored(registry, answer)


# Clients and their ways --------------------------------------------------------------------------


async def test_dockerd_parses_a_range_that_must_not_end_before_it_starts(
    registry: Registry,
) -> None:
    location = await registry.start_upload()
    for part in (b"", b"x", b"yz"):
        answer = await registry.request("PATCH", location, (), part)
        match = re.fullmatch(r"(\d+)-(\d+)", str(answer.header("Range")))
        assert match is not None
        assert int(match[1]) <= int(match[2])


async def test_dockerd_streams_one_patch_of_unknown_length(registry: Registry) -> None:
    location = await registry.start_upload()
    headers = {"Transfer-Encoding": "chunked"}
    location = assert_accepted(await registry.request("PATCH", location, headers, DATA), SIZE)
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}")
    await assert_stored(registry, answer)
    headed = await registry.head(f"/v2/app/blobs/{DIGEST}")
    assert headed.header("Content-Length") == str(SIZE)


async def test_dockerd_goes_on_with_the_session_of_a_refused_mount(registry: Registry) -> None:
    location = ""
    for source in ("a", "b", "c", "d"):
        answer = await registry.request("POST", f"{UPLOADS}?mount={DIGEST}&from={source}")
        location = assert_accepted(answer, 0)
    await registry.request("PATCH", location, {"Transfer-Encoding": "chunked"}, DATA)
    await assert_stored(registry, await registry.request("PUT", f"{location}?digest={DIGEST}"))


async def test_containerd_sends_all_in_one_put(registry: Registry) -> None:
    location = await registry.start_upload()
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(SIZE)}
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", headers, DATA)
    await assert_stored(registry, answer)


async def test_containers_image_deletes_the_session_of_a_refused_mount(registry: Registry) -> None:
    answer = await registry.request("POST", f"{UPLOADS}?mount={DIGEST}&from=base")
    assert (await registry.request("DELETE", assert_accepted(answer, 0))).status == 204


async def test_containers_image_sends_one_patch_with_a_length(registry: Registry) -> None:
    location = await registry.start_upload()
    headers = {"Content-Length": str(SIZE), "Content-Type": "application/octet-stream"}
    location = assert_accepted(await registry.request("PATCH", location, headers, DATA), SIZE)
    await assert_stored(registry, await registry.request("PUT", f"{location}?digest={DIGEST}"))


async def test_crane_adds_the_origin_to_a_mount(registry: Registry) -> None:
    await registry.push_blob(DATA, "base")
    query = f"mount={DIGEST}&from=base&origin=registry.test%3A5000"
    await assert_stored(registry, await registry.request("POST", f"{UPLOADS}?{query}"))


async def test_crane_follows_relative_locations_only_to_its_own_host(registry: Registry) -> None:
    location = await registry.start_upload()
    patched = await registry.request("PATCH", location, (), DATA)
    put = await registry.request("PUT", f"{location}?digest={DIGEST}")
    for answer in (patched, put):
        assert str(answer.header("Location")).startswith("/v2/app/")


async def test_oras_puts_without_a_patch_and_needs_no_content_type(registry: Registry) -> None:
    location = await registry.start_upload()
    answer = await registry.request("PUT", f"{location}?digest={DIGEST}", (), DATA)
    await assert_stored(registry, answer)


async def test_regclient_asks_at_an_older_location_after_a_416(registry: Registry) -> None:
    location = await registry.start_upload()
    answer = await registry.request("PATCH", location, {"Content-Range": "0-99"}, DATA[:100])
    newer = assert_accepted(answer, 100)
    answer = await registry.request("PATCH", newer, {"Content-Range": "50-149"}, DATA[50:150])
    assert answer.status == 416
    assert_accepted(await registry.get(location), 100)


async def test_conformance_sends_small_last_chunks(registry: Registry) -> None:
    location = await registry.start_upload()
    for start in range(0, SIZE, 400):
        end = min(start + 400, SIZE)
        headers = {"Content-Range": f"{start}-{end - 1}"}
        answer = await registry.request("PATCH", location, headers, DATA[start:end])
        location = assert_accepted(answer, end)
    await assert_stored(registry, await registry.request("PUT", f"{location}?digest={DIGEST}"))
