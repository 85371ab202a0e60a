"""What dockerd, containerd and BuildKit need beyond the specification.

Each test is one habit of one client; more stand beside what they are about, in the other files of
this face, under names that begin with the client.
"""

import re

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.rules.roles import Role
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry
from tests.services.house import CONFIG, LAYER, descriptor, image

DATA = bytes(range(256)) * 8
DIGEST = Digest.of(DATA)
BLOB = f"/v2/app/blobs/{DIGEST}"
UPLOADS = "/v2/app/blobs/uploads/"
V1 = "/v2/app/manifests/v1"
OCTETS = {"Content-Type": "application/octet-stream"}
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CONTAINERD_ACCEPT = f"{DOCKER_MANIFEST}, {DOCKER_LIST}, {OCI_MANIFEST}, {OCI_INDEX}, */*"
CONTAINERD_ENCODING = "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5"


async def answers(registry: Registry, *paths: str) -> list[Answer]:
    return [await registry.get(path) for path in paths]


# dockerd -----------------------------------------------------------------------------------------


async def test_dockerd_pushes_a_layer_and_heads_it_before_and_behind(registry: Registry) -> None:
    assert (await registry.get("/v2/")).status == 200
    assert (await registry.head(BLOB)).status == 404
    answer = await registry.request("POST", UPLOADS)
    assert (answer.status, answer.header("Content-Length")) == (202, "0")
    assert answer.header("Docker-Upload-UUID")
    patched = await registry.request(
        "PATCH", str(answer.header("Location")), {"Transfer-Encoding": "chunked"}, DATA
    )
    assert patched.status == 202
    put = await registry.request("PUT", f"{patched.header('Location')}?digest={DIGEST}")
    assert put.status == 201
    assert (await registry.head(BLOB)).header("Content-Length") == str(len(DATA))


async def test_dockerd_needs_the_length_of_a_blob_on_head(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await registry.head(BLOB)
    assert (answer.header("Content-Length"), answer.body) == ("2048", b"")


async def test_dockerd_resumes_only_behind_a_range_that_says_the_end(registry: Registry) -> None:
    await registry.push_blob(DATA)
    for start in (1, 1024, 2047):
        answer = await registry.get(BLOB, {"Range": f"bytes={start}-"})
        assert (answer.status, answer.body) == (206, DATA[start:])
        assert answer.header("Content-Range") == f"bytes {start}-2047/2048"


async def test_dockerd_looks_for_the_version_on_every_answer(closed: Registry) -> None:
    await closed.add_user("guest", Role.GUEST)
    for role in (None, Role.GUEST):
        await closed.login(role)
        for answer in await answers(closed, "/v2/", V1, "/v2/App/tags/list", "/v2/nothing"):
            assert answer.header("Docker-Distribution-Api-Version") == "registry/2.0"


async def test_dockerd_tells_not_found_by_the_code(registry: Registry) -> None:
    await registry.push_image("v1")
    found = await answers(registry, "/v2/app/manifests/v2", "/v2/none/manifests/v1")
    assert [answer.code for answer in found] == ["MANIFEST_UNKNOWN", "NAME_UNKNOWN"]


async def test_dockerd_does_not_push_again_what_was_denied(closed: Registry) -> None:
    # Other codes than these it tries five times.
    await closed.login(Role.GUEST)
    assert (await closed.request("POST", "/v2/acme/app/blobs/uploads/")).code == "DENIED"
    await closed.login(None)
    assert (await closed.request("POST", "/v2/acme/app/blobs/uploads/")).code == "UNAUTHORIZED"


async def test_dockerd_pushes_schema_2_and_lists_of_it(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    await registry.push_blob(DATA)
    raw = encode(
        {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": descriptor(DOCKER_CONFIG, b"{}"),
            "layers": [descriptor(DOCKER_LAYER, DATA)],
        }
    )
    assert (await registry.push_manifest(raw, "amd64", DOCKER_MANIFEST)).status == 201
    entry = {
        **descriptor(DOCKER_MANIFEST, raw),
        "platform": {"architecture": "amd64", "os": "linux", "features": ["sse4"]},
    }
    both = encode({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [entry]})
    assert (await registry.push_manifest(both, "v1", DOCKER_LIST)).status == 201
    answer = await registry.get(V1, {"Accept": DOCKER_LIST})
    assert (answer.header("Content-Type"), answer.body) == (DOCKER_LIST, both)


async def test_dockerd_pulls_through_a_mirror_without_naming_the_registry(
    registry: Registry,
) -> None:
    raw = await registry.push_image("v1", (), "library/nginx")
    answer = await registry.get("/v2/library/nginx/manifests/v1", {"Accept": OCI_MANIFEST})
    assert (answer.status, answer.body) == (200, raw)


# containerd --------------------------------------------------------------------------------------


async def test_containerd_head_404_not_403_for_a_missing_blob(closed: Registry) -> None:
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull,push")
    answer = await closed.head(f"/v2/acme/app/blobs/{DIGEST}?ns=registry.test")
    assert answer.status == 404


async def test_containerd_head_404_for_a_tag_it_is_about_to_push(closed: Registry) -> None:
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull,push")
    answer = await closed.head("/v2/acme/app/manifests/v1", {"Accept": CONTAINERD_ACCEPT})
    assert answer.status == 404


async def test_containerd_skips_a_push_whose_tag_has_the_digest(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    answer = await registry.head(V1, {"Accept": CONTAINERD_ACCEPT})
    assert answer.header("Docker-Content-Digest") == Digest.of(raw)


async def test_containerd_gets_once_for_the_reason_of_a_denied_head(closed: Registry) -> None:
    await closed.use_token(None)
    headed, got = (
        await closed.head("/v2/acme/app/manifests/v1"),
        await closed.get("/v2/acme/app/manifests/v1"),
    )
    assert headed.status == got.status
    assert got.message
    assert headed.header("Content-Length") == got.header("Content-Length")


async def test_containerd_would_decode_what_it_offers_to(registry: Registry) -> None:
    raw = await registry.push_image("v1", [DATA])
    headers = {"Accept-Encoding": CONTAINERD_ENCODING}
    for path, content in ((BLOB, DATA), (V1, raw)):
        answer = await registry.get(path, headers)
        assert answer.header("Content-Encoding") is None
        assert (answer.header("Content-Length"), answer.body) == (str(len(content)), content)


async def test_containerd_fetches_in_parallel_from_open_ranges(registry: Registry) -> None:
    await registry.push_blob(DATA)
    for start in (0, 512, 1024):
        answer = await registry.get(f"{BLOB}?ns=docker.io", {"Range": f"bytes={start}-"})
        # Another start than it asked for is an error to it, and 200 makes it read all again.
        assert answer.status == 206
        assert str(answer.header("Content-Range")).startswith(f"bytes {start}-")


async def test_containerd_mounts_again_without_a_source_after_a_401(closed: Registry) -> None:
    await closed.login(Role.ADMIN)
    await closed.push_blob(DATA, "acme/base")
    path = f"/v2/acme/app/blobs/uploads/?mount={DIGEST}"
    await closed.use_token(None)
    refused = await closed.request("POST", f"{path}&from=acme%2Fbase")
    assert refused.status == 401
    scope = re.search(r'scope="([^"]*)"', str(refused.header("WWW-Authenticate")))
    assert scope is not None
    assert "repository:acme/base:pull" in scope[1].split()
    # A token for the target alone never gets a 401 for the source: it uploads.
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull,push")
    for query in ("&from=acme%2Fbase", ""):
        assert (await closed.request("POST", path + query)).status == 202


async def test_containerd_pushes_the_same_tag_by_digest_and_by_name(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    raw = image([])
    for reference in (Digest.of(raw), "v1", "v1"):
        answer = await registry.push_manifest(raw, reference)
        assert (answer.status, answer.header("Docker-Content-Digest")) == (201, Digest.of(raw))


async def test_containerd_reads_the_message_of_a_refused_push(registry: Registry) -> None:
    answer = await registry.push_manifest(image([b"gone"]), "v1")
    assert (answer.status, answer.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert "push or mount" in answer.message


# BuildKit ----------------------------------------------------------------------------------------


async def test_buildkit_mounts_from_what_its_labels_name(registry: Registry) -> None:
    await registry.push_blob(DATA, "base/os")
    path = f"{UPLOADS}?from=base%2Fos&mount={DIGEST.replace(':', '%3A')}"
    answer = await registry.request("POST", path)
    assert (answer.status, answer.header("Location")) == (201, BLOB)


@pytest.mark.parametrize("with_subject", [False, True])
async def test_buildkit_attests_in_an_index_beside_the_image(
    registry: Registry, *, with_subject: bool
) -> None:
    raw = await registry.push_image("", [DATA])
    statement = b'{"_type": "https://in-toto.io/Statement/v0.1"}'
    kind = "application/vnd.docker.attestation.manifest.v1+json"
    about = {"artifactType": kind, "subject": descriptor(OCI_MANIFEST, raw)}
    await registry.push_blob(statement)
    attestation = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(CONFIG, b"{}"),
            "layers": [descriptor("application/vnd.in-toto+json", statement)],
            **(about if with_subject else {}),
        }
    )
    assert (await registry.push_manifest(attestation, Digest.of(attestation))).status == 201
    entries = [
        {**descriptor(OCI_MANIFEST, raw), "platform": {"architecture": "amd64", "os": "linux"}},
        {
            **descriptor(OCI_MANIFEST, attestation),
            "platform": {"architecture": "unknown", "os": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": Digest.of(raw),
            },
        },
    ]
    whole = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    assert (await registry.push_index(whole, "v1")).status == 201
    # Who knows no indexes gets the image, never the attestation.
    assert (await registry.get(V1, {"Accept": OCI_MANIFEST})).body == raw
    found = (await registry.get(f"/v2/app/referrers/{Digest.of(raw)}")).json["manifests"]
    assert [entry["artifactType"] for entry in found] == ([kind] if with_subject else [])


async def test_buildkit_exports_its_cache_as_an_index_of_layers(registry: Registry) -> None:
    # The older form of a cache: an index whose entries are layers and the cache's config.
    await registry.push_blob(DATA)
    await registry.push_blob(b"[]")
    entries = [
        descriptor(LAYER, DATA),
        descriptor("application/vnd.buildkit.cacheconfig.v0", b"[]"),
    ]
    raw = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    assert (await registry.push_index(raw, "cache")).status == 201
    assert (await registry.get("/v2/app/manifests/cache")).body == raw
    # They are held like the layers of an image.
    assert (await registry.request("DELETE", BLOB)).status == 405
    assert (await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(raw)}")).status == 202
    assert (await registry.request("DELETE", BLOB)).status == 202
    assert (await registry.push_index(raw, "cache")).code == "MANIFEST_BLOB_UNKNOWN"
