"""Rules of trust in workloads, and who may write them."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.robots import WorkloadRow
from entrepot.rules.access import Identity, Kind
from entrepot.rules.areas import Target
from entrepot.rules.federation.presets import GITHUB_ISSUER
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.services.projects import ProjectService
from entrepot.services.trusting import TrustService
from tests.services.machines import ROOT, acting
from tests.services.people import People, open_people

BY = acting(ROOT)
ALICE = acting(Identity("alice", Role.USER, kind=Kind.USER))
PUSH = {"scope": "acme/web", "permissions": ["repository.pull", "repository.push"]}
RULE = {"kind": "github", "conditions": {"repository": "acme/web"}, "grants": [PUSH]}
NAME = "workload:web:repo:acme/web:ref:refs/heads/main"
WEB = Target.of(RepositoryName("acme/web"))


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        await made.add("alice", Role.USER)
        await ProjectService(made.catalog, made.clock).create("acme", BY)
        yield made


@pytest.fixture
def trust(people: People) -> TrustService:
    return TrustService(people.catalog, people.clock, "registry.example")


async def refused(doing: Awaitable[Any]) -> Fault:
    with pytest.raises(Fault) as caught:
        await doing
    return caught.value


async def may(people: People, permission: Permission) -> bool:
    standing = await people.gate.standing.of(Kind.WORKLOAD, NAME)
    return standing is not None and await people.access.permits(standing.identity, permission, WEB)


async def test_workloads_may_what_their_rule_grants(people: People, trust: TrustService) -> None:
    made = await trust.put("web", RULE, BY)
    assert made.document["audience"] == "registry.example"
    assert made.document["issuer"] == GITHUB_ISSUER
    assert made.document["conditions"] == {"repository": ["acme/web"]}
    assert made.changed_by == "root"
    assert await trust.find("web") == made
    assert await trust.page("", 10) == [made]
    assert await may(people, Permission.PUSH)
    assert not await may(people, Permission.DELETE)
    await trust.put("web", {**RULE, "grants": []}, BY)
    assert not await may(people, Permission.PULL)
    await trust.remove("web", BY)
    assert await people.gate.standing.of(Kind.WORKLOAD, NAME) is None


async def test_attack_writing_a_rule_that_gives_more_than_one_has(trust: TrustService) -> None:
    assert (await refused(trust.put("web", RULE, ALICE))).code is Code.DENIED
    nothing = {**RULE, "grants": []}
    await trust.put("web", nothing, ALICE)
    await trust.put("web", RULE, BY)
    # Nor is whom a rule lets in changed by who could not give them what it gives.
    mine = {**nothing, "conditions": {"repository": "mallory/web"}}
    assert (await refused(trust.put("web", mine, ALICE))).code is Code.DENIED
    assert (await trust.find("web")).document["conditions"] == {"repository": ["acme/web"]}


@pytest.mark.parametrize(
    "change,code",
    [
        ({"conditions": {"ref": "refs/heads/main"}}, Code.REQUEST_INVALID),
        ({"conditions": {}}, Code.REQUEST_INVALID),
        ({"kind": "nothing"}, Code.REQUEST_INVALID),
        ({"surprise": 1}, Code.REQUEST_INVALID),
        ({"grants": [{"scope": "acme"}]}, Code.REQUEST_INVALID),
        ({"grants": [{"scope": "acme", "role": "unheardOf"}]}, Code.REQUEST_INVALID),
        ({"grants": [{"scope": "ACME", "role": "developer"}]}, Code.REQUEST_INVALID),
        ({"grants": [{"scope": "other", "role": "developer"}]}, Code.NOT_FOUND),
    ],
)
async def test_rules_that_are_none(change: dict[str, Any], code: Code, trust: TrustService) -> None:
    assert (await refused(trust.put("web", {**RULE, **change}, BY))).code is code
    assert (await refused(trust.put("web", [], BY))).code is Code.REQUEST_INVALID
    assert await trust.page("", 10) == []


async def test_what_there_is_not(trust: TrustService) -> None:
    for doing in (trust.find("web"), trust.remove("web", BY)):
        assert (await refused(doing)).code is Code.NOT_FOUND


async def test_a_rule_that_cannot_be_read_any_more_can_be_replaced(
    people: People, trust: TrustService
) -> None:
    async with people.catalog.begin(write=True) as tx:
        await tx.workloads.put(WorkloadRow("web", GITHUB_ISSUER, '{"grants": 3}', 1.0, "root"))
    await trust.put("web", RULE, BY)
    assert await may(people, Permission.PUSH)


async def test_a_changed_rule_ends_what_was_issued_before(
    people: People, trust: TrustService
) -> None:
    await trust.put("web", RULE, BY)
    before = await people.gate.standing.of(Kind.WORKLOAD, NAME)
    people.clock.seconds += 1
    await trust.put("web", RULE, BY)
    after = await people.gate.standing.of(Kind.WORKLOAD, NAME)
    assert before is not None
    assert after is not None
    assert after.changed_at > before.changed_at
