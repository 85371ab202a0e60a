"""What settings switch off: deleting, all writing, and asking for a login."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.rules.roles import Role
from entrepot.settings import Auth, Storage
from tests.faces.registry.registry import Registry, basic, open_registry

DATA = b"a layer"
DIGEST = Digest.of(DATA)
TAGGED = "/v2/app/manifests/v1"
BLOB = f"/v2/app/blobs/{DIGEST}"
UPLOADS = "/v2/app/blobs/uploads/"


async def status(registry: Registry, method: str, path: str) -> tuple[int, str | None, str | None]:
    answer = await registry.request(method, path)
    return answer.status, answer.code, answer.header("Allow")


async def test_deleting_switched_off_is_405_as_in_registry2() -> None:
    async with open_registry(storage=Storage(delete=False)) as registry:
        await registry.push_image("v1", [DATA])
        for path in (TAGGED, BLOB):
            expected = "HEAD, GET, PUT" if path == TAGGED else "HEAD, GET"
            assert await status(registry, "DELETE", path) == (405, "UNSUPPORTED", expected)
        answer = await registry.request("DELETE", TAGGED)
        assert "REGISTRY_STORAGE_DELETE_ENABLED=true" in answer.message
        assert (await registry.get(TAGGED)).status == 200
        # Cancelling an upload belongs to the push.
        upload = await registry.start_upload()
        assert (await registry.request("DELETE", upload)).status == 204


async def test_a_read_only_registry_takes_no_writes() -> None:
    async with open_registry(storage=Storage(read_only=True)) as registry:
        for method, path in (("POST", UPLOADS), ("PUT", TAGGED), ("DELETE", TAGGED)):
            answer = await registry.request(method, path)
            assert (answer.status, answer.code) == (405, "UNSUPPORTED")
            assert "read-only" in answer.message
        assert (await registry.get("/v2/")).status == 200
        assert (await registry.get(TAGGED)).status == 404


@pytest.mark.parametrize("role,expected", [(None, 401), (Role.DEVELOPER, 403), (Role.ADMIN, 405)])
async def test_who_may_not_delete_is_told_that_first(role: Role | None, expected: int) -> None:
    async with open_registry(Auth(), storage=Storage(delete=False)) as registry:
        await registry.login(role)
        assert (await registry.request("DELETE", TAGGED)).status == expected


async def test_a_registry_that_asks_nobody_takes_any_saved_password() -> None:
    async with open_registry(Auth(anonymous="all")) as registry:
        registry.authorization = basic("someone", "of before")
        assert (await registry.get("/v2/")).status == 200
        await registry.push_image("v1", [DATA])
        assert (await registry.request("DELETE", TAGGED)).status == 202
