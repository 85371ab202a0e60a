"""Replication policies, kept and not carried out."""

from collections.abc import Awaitable
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.remotes import Remote
from entrepot.rules.replication import Direction
from entrepot.services import replication as module
from entrepot.services.replication import ReplicationService, Wanted, meaning
from tests.services.house import ALICE, House

REMOTE = Remote(
    0,
    "hub",
    "oci",
    "https://hub.example",
    "",
    insecure=False,
    account="",
    created_at=1.0,
    changed_at=1.0,
)


@pytest.fixture
async def remote(house: House) -> int:
    async with house.catalog.begin(write=True) as tx:
        made = await tx.remotes.add(REMOTE)
    assert made is not None
    return made


@pytest.fixture
def policies(house: House) -> ReplicationService:
    return ReplicationService(house.catalog, house.clock)


async def refused(doing: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code, caught.value
    return caught.value.message


async def test_kept_changed_and_removed(
    house: House, policies: ReplicationService, remote: int
) -> None:
    wanted = Wanted("nightly", remote, {"direction": "pull"})
    made = await policies.create(wanted, ALICE)
    assert (made.name, made.enabled, made.changed_by) == ("nightly", True, "alice")
    assert meaning(made).direction is Direction.PULL
    assert await policies.change(made.id, wanted, ALICE) == made
    house.clock.seconds += 1
    changed = await policies.change(made.id, replace(wanted, enabled=False, document={}), ALICE)
    assert (changed.enabled, changed.document) == (False, "{}")
    assert changed.changed_at == made.changed_at + 1
    assert await policies.find(made.id) == changed == await policies.by_name("nightly")
    assert await policies.page(0, 10) == [changed]
    await policies.remove(made.id, ALICE)
    assert await policies.page(0, 10) == []
    async with house.catalog.begin() as tx:
        lines = (await tx.audit.page(AuditQuery(), None, 100)).lines
    assert [one.operation for one in reversed(lines)] == [
        "replication.created",
        "replication.changed",
        "replication.removed",
    ]


async def test_none_is_run(policies: ReplicationService, remote: int) -> None:
    made = await policies.create(Wanted("nightly", remote, {}), ALICE)
    told = await refused(policies.run(made.id), Code.UNSUPPORTED)
    assert "does not copy yet" in told
    await refused(policies.run(99), Code.NOT_FOUND)


async def test_what_is_refused(
    policies: ReplicationService, remote: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Wanted("nightly", remote, {})
    await policies.create(wanted, ALICE)
    await refused(policies.create(wanted, ALICE), Code.CONFLICT)
    other = await policies.create(replace(wanted, name="b"), ALICE)
    await refused(policies.change(other.id, wanted, ALICE), Code.CONFLICT)
    for bad in (
        replace(wanted, name=""),
        replace(wanted, document={"x": 1}),
        replace(wanted, document={"description": "x" * 40_000}),
    ):
        await refused(policies.create(bad, ALICE), Code.REQUEST_INVALID)
    await refused(policies.create(replace(wanted, remote_id=99), ALICE), Code.NOT_FOUND)
    for doing in (
        policies.find(99),
        policies.change(99, wanted, ALICE),
        policies.remove(99, ALICE),
        policies.change(other.id, replace(wanted, name="b", remote_id=99), ALICE),
    ):
        await refused(doing, Code.NOT_FOUND)
    monkeypatch.setattr(module, "POLICIES_MAX", 2)
    await refused(policies.create(replace(wanted, name="c"), ALICE), Code.DENIED)
