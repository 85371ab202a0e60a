"""What the registry refuses is in the audit log, in its words."""

from entrepot.rules.audit import AuditLine
from entrepot.rules.roles import Role
from entrepot.settings import Auth
from tests.faces.registry.registry import Registry, basic, open_registry


async def refused(registry: Registry) -> list[AuditLine]:
    trail = registry.house.registry.trail
    assert trail is not None
    await trail.flush()
    async with registry.catalog.begin() as tx:
        return [line for line in await tx.audit.after(0, 100) if line.result != "done"]


async def test_refusals_name_who_and_what() -> None:
    async with open_registry(Auth()) as registry:
        assert (await registry.request("GET", "/v2/")).status == 401
        assert await refused(registry) == [], "who is asked to log in has tried nothing"
        await registry.add_user("alice", Role.DEVELOPER)
        registry.authorization = basic("alice", "wrong")
        assert (await registry.request("GET", "/v2/acme/app/manifests/v1")).status == 401
        await registry.use_token(Role.DEVELOPER, "repository:acme/other:pull")
        answer = await registry.request("PUT", "/v2/acme/app/manifests/v1", {}, b"{}")
        assert answer.status in (401, 403)
        lines = await refused(registry)
    assert [(line.actor, line.operation, line.project, line.resource) for line in lines] == [
        ("alice", "login", "acme", "acme/app:v1"),
        ("developer", "repository.push", "acme", "acme/app:v1"),
    ]
