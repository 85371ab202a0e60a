"""What clients see of policies and quotas."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.quota import Limit
from entrepot.settings import Quota
from tests.faces.registry.registry import Registry, open_registry
from tests.services.house import ALICE, image

LAYER = b"x" * 200


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with open_registry() as made:
        yield made


async def policy(registry: Registry, kind: str, document: object) -> None:
    await registry.house.policies.put("library", kind, document, ALICE)


async def limit(registry: Registry, most: int) -> None:
    await registry.house.quotas.set_limits(KIND_PROJECT, "library", Limit(most), ALICE)


async def test_i8_another_digest_on_an_immutable_tag_is_refused(registry: Registry) -> None:
    await policy(registry, "immutability", [{"tag": "v*"}])
    raw = await registry.push_image("v1", [LAYER])
    assert (await registry.push_manifest(raw, "v1")).status == 201
    await registry.push_blob(b"other")
    answer = await registry.push_manifest(image([b"other"]), "v1")
    assert answer.status == 412
    assert "'app:v1' configured as immutable" in answer.message
    for reference in ("v1", Digest.of(raw)):
        assert (await registry.request("DELETE", f"/v2/app/manifests/{reference}")).status == 412
    assert (await registry.get("/v2/app/manifests/v1")).body == raw


async def test_warnings_are_headers(registry: Registry) -> None:
    await policy(registry, "naming", {"templates": ["v<version>"]})
    await policy(registry, "environment", {"environment": "production"})
    await registry.push_blob(b"{}")
    answer = await registry.push_manifest(image([]), "latest")
    assert answer.status == 201
    told = str(answer.header("Warning"))
    assert "v<version>" in told
    assert "production project" in told
    assert (await registry.push_manifest(image([]), "v1.0.0")).header("Warning") is None


async def test_a_name_that_is_not_wanted_is_refused(registry: Registry) -> None:
    await policy(registry, "naming", {"templates": ["v<version>"], "mode": "refuse"})
    await registry.push_blob(b"{}")
    answer = await registry.push_manifest(image([]), "oops")
    assert (answer.status, answer.code) == (400, "TAG_INVALID")


async def test_aliases_follow(registry: Registry) -> None:
    await policy(registry, "aliases", {"minor": True, "latest": True})
    raw = await registry.push_image("1.2.0", [LAYER])
    for tag in ("1.2", "latest"):
        assert (await registry.get(f"/v2/app/manifests/{tag}")).body == raw


async def test_a_push_over_the_quota_is_denied(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    await registry.push_blob(LAYER)
    await limit(registry, 300)
    answer = await registry.push_manifest(image([LAYER]), "v1")
    assert (answer.status, answer.code) == (403, "DENIED")
    assert answer.message.startswith("Quota exceeded when processing the request of adding ")
    assert (await registry.get("/v2/app/tags/list")).json["tags"] == []


async def test_i7_a_quota_nearly_full_is_told(registry: Registry) -> None:
    await limit(registry, len(image([LAYER])) + len(b"{}") + len(LAYER))
    await registry.push_blob(b"{}")
    await registry.push_blob(LAYER)
    answer = await registry.push_manifest(image([LAYER]), "v1")
    assert answer.status == 201
    assert "project library uses" in str(answer.header("Warning"))


async def test_a_blob_over_the_quota_is_denied_as_it_comes(registry: Registry) -> None:
    await limit(registry, 150)
    digest = Digest.of(LAYER)
    whole = await registry.request("POST", f"/v2/app/blobs/uploads/?digest={digest}", (), LAYER)
    assert (whole.status, whole.code) == (403, "DENIED")
    place = await registry.start_upload()
    answer = await registry.request("PATCH", place, (), LAYER)
    assert (answer.status, answer.code) == (403, "DENIED")
    assert "adding 200 B of storage resource" in answer.message
    assert not registry.disk.files
    place = await registry.start_upload()
    assert (await registry.request("PATCH", place, (), LAYER[:150])).status == 202
    last = await registry.request("PUT", f"{place}?digest={digest}", (), LAYER[150:])
    assert last.status == 403
    assert not registry.disk.files


async def test_settings_limit_new_projects_and_say_when_to_warn() -> None:
    most = len(image([LAYER])) + len(b"{}") + len(LAYER)
    async with open_registry(quota=Quota(project_bytes=most, warn_share=1.0)) as registry:
        await registry.push_blob(b"{}")
        assert (await registry.push_manifest(image([]), "small")).header("Warning") is None
        await registry.push_blob(LAYER)
        assert (await registry.push_manifest(image([LAYER]), "v1")).status == 403


async def test_a_mount_is_denied_where_the_quota_is_exceeded(registry: Registry) -> None:
    await registry.push_image("v1", [LAYER])
    mount = f"/v2/web/blobs/uploads/?mount={Digest.of(LAYER)}&from=app"
    assert (await registry.request("POST", mount)).status == 201
    await limit(registry, 10)
    assert (await registry.request("POST", mount)).status == 403
