"""`entrepot label`."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.cli.labels import labels
from tests.faces.cli.doorshop import DoorShop, open_doorshop
from tests.faces.manage.curating import push_image


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        yield made


async def test_labels_of_the_registry_and_of_a_project(shop: DoorShop) -> None:
    digest = await push_image(shop.door.house, "acme/app", "v1")
    assert await shop.said(labels, "create", "good", "--color", "#00FF00") == "label good made\n"
    await shop.said(labels, "create", "ready", "--project", "acme", "--description", "may go out")
    listed = (await shop.said(labels, "list")).splitlines()
    assert [line.split()[1:] for line in listed[1:]] == [["good", "#00FF00"]]
    assert "may go out" in await shop.said(labels, "list", "--project", "acme", "--name", "EAD")
    in_acme = ("--project", "acme")
    changed = await shop.said(labels, "change", "ready", *in_acme, "--rename", "released")
    assert changed == "label ready changed\n"
    assert await shop.said(labels, "put", "released", "acme/app:v1", *in_acme) == (
        "acme/app:v1 has label released\n"
    )
    await shop.said(labels, "put", "good", f"acme/app@{digest}")
    found = (await shop.said(labels, "of", "acme/app:v1")).splitlines()
    assert [line.split()[1] for line in found[1:]] == ["good", "released"]
    assert digest in await shop.said(labels, "artifacts", "good")
    assert digest in await shop.said(labels, "artifacts", "released", *in_acme, "--json")
    would = await shop.said(labels, "remove", "good", "--dry-run")
    assert digest in would
    assert "no longer" in await shop.said(labels, "take", "good", "acme/app:v1")
    assert (await shop.run(labels, "remove", "good", stdin="n\n")).exit_code == 1
    assert await shop.said(labels, "remove", "good", "--yes") == "label good removed\n"
    await shop.said(labels, "change", "released", *in_acme, "--color", "#000000")
    await shop.said(labels, "remove", "released", *in_acme, "--yes")
    assert await shop.said(labels, "list", "--json", *in_acme) == "[]\n"


async def test_what_there_is_not(shop: DoorShop) -> None:
    assert "there is no label x" in await shop.refused(labels, "artifacts", "x")
    await shop.said(labels, "create", "x")
    assert "names no artifact" in await shop.refused(labels, "put", "x", "app")
    assert "#RRGGBB" in await shop.refused(labels, "change", "x", "--color", "red")
