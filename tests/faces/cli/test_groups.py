"""`entrepot group`, and users switched off and on."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.cli.enabling import disable, enable, show
from entrepot.faces.cli.groups import groups
from entrepot.rules.roles import Role
from tests.faces.cli.doorshop import DoorShop, open_doorshop
from tests.faces.registry.registry import PASSWORD


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        await made.door.house.accounts.add("alice", PASSWORD, Role.USER)
        yield made


async def test_a_group_from_beginning_to_end(shop: DoorShop) -> None:
    assert await shop.said(groups, "create", "dev", "--description", "they") == "group dev made\n"
    await shop.said(groups, "describe", "dev", "who writes it")
    assert (await shop.said(groups, "list")).splitlines()[1].endswith("who writes it")
    assert await shop.said(groups, "add", "dev", "alice", "bob") == (
        "alice is in group dev\nbob is in group dev\n"
    )
    listed = (await shop.said(groups, "members", "dev")).splitlines()
    assert [line.split() for line in listed[1:]] == [["alice", "local"], ["bob", "local"]]
    assert '"alice"' in await shop.said(groups, "members", "dev", "--json")
    await shop.said(groups, "take-out", "dev", "bob")
    assert "bob is not in group" in await shop.refused(groups, "take-out", "dev", "bob")
    done = await shop.run(groups, "remove", "dev", stdin="n\n")
    assert done.exit_code == 1
    await shop.said(groups, "remove", "dev", "--yes")
    assert await shop.said(groups, "list", "--json") == "[]\n"


async def test_names_of_directories(shop: DoorShop) -> None:
    name = "CN=Web / Ops, of Á?#"
    await shop.said(groups, "create", name)
    await shop.said(groups, "add", name, "alice")
    assert "alice" in await shop.said(groups, "members", name)


async def test_a_user_is_switched_off_and_on(shop: DoorShop) -> None:
    assert "alice  local     on" in await shop.said(show, "alice")
    assert "switched off" in await shop.said(disable, "alice")
    assert '"enabled":false' in await shop.said(show, "alice", "--json")
    assert (await shop.door.token("alice", PASSWORD)).status == 401
    await shop.said(enable, "alice")
    assert (await shop.door.token("alice", PASSWORD)).status == 200
    assert "there is no user bob" in await shop.refused(disable, "bob")
