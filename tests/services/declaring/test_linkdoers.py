"""Labels, registries, replication and webhooks are changed by their services."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.declaring.difference import Change, Step, Verb
from entrepot.rules.declaring.items import Item, Kind
from entrepot.services.declaring.state import Scope, present
from tests.faces.manage.doors import Doors, open_doors

CLOUD = Item(Kind.REGISTRY, "", "cloud")
SYNC = Item(Kind.REPLICATION, "team", "sync")


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


async def do(doors: Doors, verb: Verb, item: Item, **fields: Any) -> None:
    changes = tuple(Change(name, None, value) for name, value in fields.items())
    doer = doors.house.management.declaring.doers[item.kind]
    await doer.do(Step(verb, item, changes), await doors.acting())


async def fields_of(doors: Doors, item: Item) -> Any:
    ground = doors.house.gate.ground
    return (await present(ground.catalog, ground.clock, Scope())).get(item)


@pytest.mark.parametrize("project", ["", "team"])
async def test_labels(doors: Doors, project: str) -> None:
    item = Item(Kind.LABEL, project, "fast")
    await do(doors, Verb.ADD, item, color="#00ff00")
    await do(doors, Verb.CHANGE, item, description="quick")
    found = await fields_of(doors, item)
    assert (found["color"].lower(), found["description"]) == ("#00ff00", "quick")
    await do(doors, Verb.REMOVE, item)
    assert await fields_of(doors, item) is None
    with pytest.raises(Fault) as caught:
        await do(doors, Verb.REMOVE, item)
    assert caught.value.code is Code.NOT_FOUND


async def test_registries_keep_what_is_not_said(doors: Doors) -> None:
    await do(doors, Verb.ADD, CLOUD, url="https://cloud.example.com", account="copier")
    await do(doors, Verb.CHANGE, CLOUD, description="theirs")
    found = await fields_of(doors, CLOUD)
    assert found["url"] == "https://cloud.example.com"
    assert (found["account"], found["description"]) == ("copier", "theirs")
    await do(doors, Verb.REMOVE, CLOUD)
    assert await fields_of(doors, CLOUD) is None


async def test_replication_keeps_what_is_not_said(doors: Doors) -> None:
    with pytest.raises(Fault, match="no registry 'cloud'"):
        await do(doors, Verb.ADD, SYNC, registry="cloud")
    await do(doors, Verb.ADD, CLOUD, url="https://cloud.example.com")
    await do(doors, Verb.ADD, SYNC, registry="cloud", dest_namespace="shop", tags="v*")
    await do(doors, Verb.CHANGE, SYNC, enabled=False)
    found = await fields_of(doors, SYNC)
    assert (found["tags"], found["dest_namespace"], found["enabled"]) == ("v*", "shop", False)
    await do(doors, Verb.REMOVE, SYNC)
    assert await fields_of(doors, SYNC) is None


async def test_webhooks_keep_what_is_not_said(doors: Doors) -> None:
    item = Item(Kind.WEBHOOK, "team", "chat")
    await do(doors, Verb.ADD, item, url="https://hooks.example.com/x", enabled=False)
    await do(doors, Verb.CHANGE, item, events=["manifest.published"], enabled=True)
    found = await fields_of(doors, item)
    assert found["url"] == "https://hooks.example.com/x"
    assert (found["events"], found["enabled"]) == (["manifest.published"], True)
    await do(doors, Verb.REMOVE, item)
    assert await fields_of(doors, item) is None
    with pytest.raises(Fault):
        await do(doors, Verb.ADD, item, url="https://hooks.example.com/x", format="carrier pigeon")
