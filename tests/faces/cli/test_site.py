"""`entrepot setting`."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.cli.site import settings
from tests.faces.cli.doorshop import DoorShop, open_doorshop


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        yield made


async def test_settings_are_shown_set_and_reset(shop: DoorShop) -> None:
    listed = (await shop.said(settings, "list")).splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        ["audit_keep_days", "365.0", "-"],
        ["banner", '""', "-"],
        ["project_bytes", "null", "-"],
        ["project_creation", '"everyone"', "-"],
    ]
    assert await shop.said(settings, "set", "project_bytes", "1000") == "project_bytes is 1000\n"
    assert await shop.said(settings, "set", "banner", "12") == 'banner is "12"\n'
    await shop.said(settings, "set", "project_creation", "admins")
    assert '"value":"admins"' in await shop.said(settings, "list", "--json")
    assert await shop.said(settings, "reset", "banner") == "banner is as if nobody had set it\n"
    assert await shop.said(settings, "set", "project_bytes", "null") == "project_bytes is null\n"
    assert "cannot be that" in await shop.refused(settings, "set", "project_creation", "[]")
    assert "there is no setting x" in (await shop.refused(settings, "set", "x", "1")).replace(
        "'", ""
    )
