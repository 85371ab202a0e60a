"""`entrepot remote` and `entrepot replication`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.faces.cli.remotes import remotes, replication
from tests.faces.cli.doorshop import DoorShop, open_doorshop

URL = "https://hub.example"


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        yield made


async def test_a_registry_from_beginning_to_end(shop: DoorShop) -> None:
    done = await shop.run(remotes, "add", "hub", URL, "--account", "ann", stdin="correct\n")
    assert done.stdout.endswith("registry hub added\n")
    assert "correct" not in done.stdout
    listed = (await shop.said(remotes, "list")).splitlines()
    assert listed[1].split()[1:] == ["hub", "oci", URL, "ann"]
    assert "correct" not in await shop.said(remotes, "list", "--json")
    await shop.said(remotes, "change", "hub", "--description", "the hub", "--secure")
    assert "give it again" in await shop.refused(remotes, "change", "hub", "--url", "http://x")
    moved = ("--url", "http://169.254.169.254", "--secret", "other")
    await shop.said(remotes, "change", "hub", *moved)
    assert "no registry" in await shop.refused(remotes, "ping", "hub")
    await shop.said(remotes, "change", "hub", "--account", "")
    assert json.loads(await shop.said(remotes, "list", "--json"))[0]["account"] == ""
    assert (await shop.run(remotes, "remove", "hub", stdin="n\n")).exit_code == 1
    assert await shop.said(remotes, "remove", "hub", "--yes") == "registry hub removed\n"
    assert "there is no registry hub" in await shop.refused(remotes, "ping", "hub")


async def test_a_replication_policy_is_kept(shop: DoorShop, tmp_path: Path) -> None:
    await shop.said(remotes, "add", "hub", URL)
    file = tmp_path / "nightly.json"
    file.write_text('{"direction": "pull"}', encoding="utf-8")
    said = await shop.said(replication, "set", "nightly", "hub", str(file))
    assert said == "replication policy nightly kept; this version does not copy yet\n"
    await shop.said(replication, "set", "nightly", "hub", str(file), "--disabled")
    listed = (await shop.said(replication, "list")).splitlines()
    assert listed[1].split()[1:5] == ["nightly", "no", "pull", "hub"]
    assert json.loads(await shop.said(replication, "get", "nightly"))["document"] == {
        "direction": "pull"
    }
    assert '"nightly"' in await shop.said(replication, "list", "--json")
    assert "does not copy yet" in await shop.refused(replication, "run", "nightly")
    file.write_text("[]", encoding="utf-8")
    assert "no JSON object" in await shop.refused(replication, "set", "x", "hub", str(file))
    file.write_text("{", encoding="utf-8")
    assert "no JSON object" in await shop.refused(replication, "set", "x", "hub", str(file))
    assert "there is no replication policy" in await shop.refused(replication, "get", "x")
    assert (await shop.run(replication, "remove", "nightly", stdin="n\n")).exit_code == 1
    await shop.said(replication, "remove", "nightly", "--yes")
    assert await shop.said(replication, "list", "--json") == "[]\n"
