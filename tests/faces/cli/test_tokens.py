"""`entrepot token`, against a server on a real port and a real control socket."""

import re
from collections.abc import AsyncIterator

import pytest

from entrepot.faces.cli.tokens import tokens
from entrepot.rules.permissions import Permission
from tests.faces.cli.machineshop import MachineShop, open_machineshop


@pytest.fixture
async def shop() -> AsyncIterator[MachineShop]:
    async with open_machineshop() as made:
        yield made


async def test_a_token_is_made_listed_used_and_revoked(shop: MachineShop) -> None:
    done = await shop.run(
        tokens, "create", "ci", "--pull", "acme/web/**", "--expires", "1d", user="alice"
    )
    secret = done.stdout.strip()
    assert re.fullmatch(r"ept_[0-9a-f]{88}\n", done.stdout)
    assert "good until 2027-01-16T08:00:00Z" in done.stderr
    shown = await shop.plant.login("alice", secret)
    assert await shop.plant.may(shown, Permission.PULL)
    assert not await shop.plant.may(shown, Permission.PUSH)
    lines = (await shop.said(tokens, "list", user="alice")).splitlines()
    assert re.split(r"  +", lines[1])[1:] == [
        "ci",
        "2027-01-15T08:00:00Z",
        "2027-01-16T08:00:00Z",
        "not yet",
        "repository.pull on acme/web/**",
    ]
    token_id = secret[4:20]
    assert token_id in lines[1]
    assert "revoked" in await shop.said(tokens, "revoke", token_id, user="alice")
    await shop.plant.refused_login("alice", secret)


async def test_a_token_for_everything(shop: MachineShop) -> None:
    made = await shop.asked(tokens, "create", "laptop", "--network", "10.0.0.0/8", user="alice")
    assert (made["limits"], made["networks"]) == (None, ["10.0.0.0/8"])
    (listed,) = await shop.asked(tokens, "list", user="alice")
    assert listed == {key: value for key, value in made.items() if key != "secret"}
    assert (await shop.said(tokens, "list", "--user", "alice")).splitlines()[1].endswith(" -")


async def test_the_secret_of_docker(shop: MachineShop) -> None:
    secret = (await shop.said(tokens, "cli-secret", user="alice")).strip()
    assert secret.startswith("epc_")
    await shop.plant.login("alice", secret)


async def test_the_operator_is_told_to_say_who_they_are(shop: MachineShop) -> None:
    assert "--username" in await shop.refused(tokens, "create", "x")
    assert "--username" in await shop.refused(tokens, "cli-secret")
    assert "there is no access token" in await shop.refused(tokens, "revoke", "0" * 16)
