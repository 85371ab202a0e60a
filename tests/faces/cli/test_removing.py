"""What removes something says first what would go; in JSON too."""

import json
from collections.abc import AsyncIterator
from typing import Any

import click
import pytest

from entrepot.faces.cli.grants import grants
from entrepot.faces.cli.groups import groups
from entrepot.faces.cli.jobs import schedules
from entrepot.faces.cli.labels import labels
from entrepot.faces.cli.policies import policies
from entrepot.faces.cli.remotes import remotes
from entrepot.faces.cli.robots import robots
from entrepot.faces.cli.roles import roles
from entrepot.faces.cli.tokens import tokens
from entrepot.faces.cli.users import users
from entrepot.faces.cli.webhooks import webhooks
from entrepot.faces.cli.workloads import workloads
from entrepot.rules.roles import Role
from tests.faces.cli.doorshop import DoorShop, open_doorshop
from tests.faces.registry.registry import PASSWORD


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        await made.door.house.accounts.add("alice", PASSWORD, Role.USER)
        yield made


async def asked(shop: DoorShop, command: click.Command, *words: str) -> Any:
    return json.loads(await shop.said(command, *words, "--json"))


async def removed(
    shop: DoorShop, command: click.Group, words: tuple[str, ...], listed: tuple[str, ...]
) -> tuple[Any, Any]:
    """Remove by `words`, after two dry runs that change nothing; return what both told."""
    before = await asked(shop, command, *listed)
    told = await shop.said(command, *words, "--dry-run")
    assert told.endswith("nothing was changed\n")
    would = await asked(shop, command, *words, "--dry-run")
    assert would["done"] is False
    assert await asked(shop, command, *listed) == before
    done = await asked(shop, command, *words)
    assert done["done"] is True
    assert await asked(shop, command, *listed) != before
    return would["would_remove"], done["removed"]


async def test_users(shop: DoorShop) -> None:
    made = await asked(shop, users, "add", "bob", "--generate")
    assert made["name"] == "bob"
    assert len(made["password"]) > 20
    changed = await asked(shop, users, "role", "bob", "guest")
    assert changed["role"] == "guest"
    would, done = await removed(shop, users, ("remove", "bob"), ("list",))
    assert [one["name"] for one in would] == done == ["bob"]
    assert "there is no user bob" in await shop.refused(users, "remove", "bob", "--dry-run")


async def test_groups_and_who_is_in_them(shop: DoorShop) -> None:
    assert (await asked(shop, groups, "create", "web"))["name"] == "web"
    added = await asked(shop, groups, "add", "web", "alice")
    assert added == {"done": True, "added": ["alice"]}
    told = await shop.said(groups, "take-out", "web", "alice", "bob", "--dry-run")
    assert told == (
        "alice would be taken out of group web; nothing was changed\n"
        "bob is not in group web; nothing was changed\n"
    )
    out = ("take-out", "web", "alice")
    would, done = await removed(shop, groups, out, ("members", "web"))
    assert [one["user"] for one in would] == done == ["alice"]
    would, done = await removed(shop, groups, ("remove", "web", "--yes"), ("list",))
    assert [one["name"] for one in would] == done == ["web"]


async def test_grants_wherever_they_are(shop: DoorShop) -> None:
    of_project = await asked(shop, grants, "add", "alice", "developer", "acme")
    of_registry = await asked(shop, grants, "add", "alice", "guest", "*")
    both = (str(of_project["id"]), str(of_registry["id"]))
    would, done = await removed(shop, grants, ("remove", *both), ("list", "--user", "alice"))
    assert would == [of_project, of_registry]
    assert done == [of_project["id"], of_registry["id"]]
    assert "there is no grant 99" in await shop.refused(grants, "remove", "99", "--dry-run")


async def test_roles(shop: DoorShop) -> None:
    made = await asked(shop, roles, "put", "looker", "repository.pull")
    would, done = await removed(shop, roles, ("remove", "looker"), ("list",))
    assert would == [made]
    assert done == ["looker"]


async def test_robots(shop: DoorShop) -> None:
    await asked(shop, robots, "create", "ci", "--project", "acme", "--push", "acme")
    changed = await asked(shop, robots, "change", "acme+ci", "--off")
    assert changed["enabled"] is False
    would, done = await removed(shop, robots, ("remove", "acme+ci"), ("list",))
    assert [one["name"] for one in would] == done == ["robot$acme+ci"]


async def test_policies(shop: DoorShop) -> None:
    done = await shop.run(policies, "set", "acme", "retention", "--json", stdin="keep n: 10")
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert await asked(shop, policies, "get", "acme", "retention") == made
    words = ("remove", "acme", "retention")
    would, gone = await removed(shop, policies, words, ("list", "acme"))
    assert would == [made]
    assert gone == ["retention"]


async def test_labels_webhooks_and_registries(shop: DoorShop) -> None:
    assert (await asked(shop, labels, "create", "good"))["name"] == "good"
    assert await asked(shop, labels, "remove", "good", "--dry-run") == {
        "done": False,
        "would_remove": [],
    }
    done = await asked(shop, labels, "remove", "good", "--yes")
    assert done == {"done": True, "removed": ["good"]}
    made = await asked(shop, remotes, "add", "hub", "https://hub.example.com")
    would, gone = await removed(shop, remotes, ("remove", "hub", "--yes"), ("list",))
    assert would == [made]
    assert gone == ["hub"]
    hook = await asked(shop, webhooks, "create", "ci", "https://ci.example.com/hook")
    would, gone = await removed(shop, webhooks, ("remove", str(hook["id"])), ("list",))
    assert [one["id"] for one in would] == gone == [hook["id"]]


async def test_labels_on_artifacts(shop: DoorShop) -> None:
    assert await shop.door.push("admin", PASSWORD, "acme/web") == 201
    assert await shop.door.push("admin", PASSWORD, "acme/api") == 201
    await shop.said(labels, "create", "good")
    put = await asked(shop, labels, "put", "good", "acme/web:1")
    assert put == {"done": True, "put": ["acme/web:1"]}
    told = await shop.said(labels, "take", "good", "acme/web:1", "acme/api:1", "--dry-run")
    assert told == (
        "label good would be taken from acme/web:1; nothing was changed\n"
        "acme/api:1 does not have label good; nothing was changed\n"
    )
    words = ("take", "good", "acme/web:1")
    would, done = await removed(shop, labels, words, ("of", "acme/web:1"))
    assert would == done == ["acme/web:1"]


async def test_workloads(shop: DoorShop) -> None:
    made = await asked(shop, workloads, "trust", "web", "--github", "acme/web", "--push", "acme")
    would, done = await removed(shop, workloads, ("remove", "web"), ("list",))
    assert would == [made]
    assert done == ["web"]


async def test_schedules(shop: DoorShop) -> None:
    made = await asked(shop, schedules, "set", "nightly", "gc", "7 3 * * *")
    would, done = await removed(shop, schedules, ("remove", "nightly"), ("list",))
    assert would == [made]
    assert done == ["nightly"]


async def test_a_token_of_somebody_else_is_not_told(shop: DoorShop) -> None:
    told = await shop.refused(tokens, "revoke", "none", "--dry-run")
    assert "none is no token of yours" in told
