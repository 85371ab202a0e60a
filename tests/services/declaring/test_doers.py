"""Steps are done by the services, each as the one who asks."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.declaring.difference import Change, Step, Verb
from entrepot.rules.declaring.items import Item, Kind, Member, member_item
from entrepot.rules.quota import Limit
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.context import Caller
from entrepot.services.declaring.doers import Doer
from entrepot.services.declaring.state import Scope, present
from tests.faces.manage.doors import Doors, open_doors


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


def doers(doors: Doors) -> Mapping[Kind, Doer]:
    return doors.house.management.declaring.doers


def step(verb: Verb, item: Item, **fields: Any) -> Step:
    return Step(verb, item, tuple(Change(name, None, value) for name, value in fields.items()))


async def do(doors: Doors, made: Step) -> None:
    await doers(doors)[made.item.kind].do(made, await doors.acting())


async def there(doors: Doors) -> Mapping[Item, Any]:
    ground = doors.house.gate.ground
    return await present(ground.catalog, ground.clock, Scope())


async def test_a_project_keeps_its_limit_of_manifests(doors: Doors) -> None:
    item = Item(Kind.PROJECT, "", "shop")
    await do(doors, step(Verb.ADD, item, public=True, networks=["10.0.0.0/8"], storage_limit=7))
    state = await there(doors)
    assert state[item] == {"public": True, "networks": ["10.0.0.0/8"], "storage_limit": 7}
    await doors.house.quotas.set_limits(KIND_PROJECT, "shop", Limit(7, 3), Caller("x"))
    await do(doors, step(Verb.CHANGE, item, storage_limit=None))
    ledger = await doors.house.quotas.find(KIND_PROJECT, "shop")
    assert (ledger.limit_bytes, ledger.limit_manifests) == (None, 3)
    await do(doors, step(Verb.REMOVE, item))
    assert item not in await there(doors)


async def test_a_role_keeps_what_is_not_said(doors: Doors) -> None:
    item = Item(Kind.ROLE, "", "watcher")
    await do(doors, step(Verb.ADD, item, permissions=["repository.pull"], description="sees"))
    await do(doors, step(Verb.CHANGE, item, permissions=["job.read"]))
    state = await there(doors)
    assert state[item] == {"permissions": ["job.read"], "description": "sees"}


async def test_members_of_a_group_come_and_go(doors: Doors) -> None:
    item = Item(Kind.GROUP, "", "devs")
    for name in ("a", "b", "c"):
        await doors.add_user(f"user-{name}", Role.USER)
    await do(doors, step(Verb.ADD, item, members=["user-a", "user-b"]))
    change = Change("members", ["user-a", "user-b"], ["user-b", "user-c"])
    await do(doors, Step(Verb.CHANGE, item, (change,)))
    state = await there(doors)
    assert state[item]["members"] == ["user-b", "user-c"]


async def test_permissions_of_a_member_are_replaced(doors: Doors) -> None:
    member = Member(SubjectKind.USER, "narrow", "", "team/x")
    item, fields = member_item("team", member, ["repository.pull"])
    await do(doors, step(Verb.ADD, item, **fields))
    await do(doors, step(Verb.CHANGE, item, permissions=["repository.push"]))
    assert (await there(doors))[item] == {"permissions": ["repository.push"]}
    await do(doors, step(Verb.REMOVE, item))
    with pytest.raises(Fault) as caught:
        await do(doors, step(Verb.REMOVE, item))
    assert caught.value.code is Code.NOT_FOUND


async def test_policies_are_put_and_removed(doors: Doors) -> None:
    item = Item(Kind.POLICY, "team", "aliases")
    await do(doors, step(Verb.ADD, item, document={"minor": True}))
    assert (await there(doors))[item] == {"document": {"minor": True}}
    await do(doors, step(Verb.REMOVE, item))
    assert item not in await there(doors)
