"""Sparse manifests by setting: what names content that is not here."""

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.settings import Manifests
from tests.faces.registry.registry import Registry, open_registry
from tests.services.house import descriptor, image, index

V1 = "/v2/app/manifests/v1"
ABSENT = image([b"never pushed"])


async def both(registry: Registry) -> tuple[bytes, bytes]:
    """Push an index over an image that is here and one that is not; return image and index."""
    here = await registry.push_image("", [b"here"])
    raw = index([here, ABSENT])
    assert (await registry.push_index(raw, "v1")).status == 201
    return here, raw


async def test_an_index_may_lack_images_where_that_is_set() -> None:
    async with open_registry(manifests=Manifests(sparse="indexes")) as registry:
        here, raw = await both(registry)
        assert (await registry.get(V1)).body == raw
        assert (await registry.get(f"/v2/app/manifests/{Digest.of(here)}")).body == here
        missing = await registry.get(f"/v2/app/manifests/{Digest.of(ABSENT)}")
        assert (missing.status, missing.code) == (404, "MANIFEST_UNKNOWN")
        assert await registry.findings() == []


async def test_i1_an_image_that_is_here_stays_with_its_sparse_index() -> None:
    async with open_registry(manifests=Manifests(sparse="indexes")) as registry:
        here, raw = await both(registry)
        url = f"/v2/app/manifests/{Digest.of(here)}"
        assert (await registry.request("DELETE", url)).code == "UNSUPPORTED"
        await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(raw)}")
        assert (await registry.request("DELETE", url)).status == 202


async def test_an_image_that_comes_later_completes_the_index() -> None:
    async with open_registry(manifests=Manifests(sparse="indexes")) as registry:
        await both(registry)
        await registry.push_image("", [b"never pushed"])
        assert (await registry.get(f"/v2/app/manifests/{Digest.of(ABSENT)}")).body == ABSENT
        assert await registry.findings() == []


async def test_a_client_without_indexes_gets_no_image_that_is_not_here() -> None:
    async with open_registry(manifests=Manifests(sparse="indexes")) as registry:
        platform = {"os": "linux", "architecture": "amd64"}
        entry = {**descriptor(OCI_MANIFEST, ABSENT), "platform": platform}
        raw = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
        assert (await registry.push_index(raw, "v1")).status == 201
        answer = await registry.get(V1, {"Accept": OCI_MANIFEST})
        assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
        assert (await registry.get(V1, {"Accept": OCI_INDEX})).body == raw


async def test_images_must_be_whole_even_where_indexes_need_not() -> None:
    async with open_registry(manifests=Manifests(sparse="indexes")) as registry:
        await registry.push_blob(b"{}")
        answer = await registry.push_manifest(ABSENT, "v1")
        assert (answer.status, answer.code) == (400, "MANIFEST_BLOB_UNKNOWN")


async def test_an_image_may_lack_layers_where_that_is_set() -> None:
    async with open_registry(manifests=Manifests(sparse="all")) as registry:
        await registry.push_blob(b"{}")
        assert (await registry.push_manifest(ABSENT, "v1")).status == 201
        assert (await registry.get(V1)).body == ABSENT
        layer = f"/v2/app/blobs/{Digest.of(b'never pushed')}"
        assert (await registry.get(layer)).code == "BLOB_UNKNOWN"
        assert await registry.findings() == []


async def test_by_default_all_must_be_here(registry: Registry) -> None:
    answer = await registry.push_index(index([ABSENT]), "v1")
    assert (answer.status, answer.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert answer.json["errors"][0]["detail"] == [{"digest": Digest.of(ABSENT)}]
