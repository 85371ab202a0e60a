"""What there is, as items."""

from entrepot.rules.declaring.items import Item, Kind
from entrepot.services.declaring.state import PAGE, Scope, present
from tests.faces.manage.doors import open_doors


async def test_only_what_is_asked_for_is_read() -> None:
    async with open_doors() as doors:
        ground = doors.house.gate.ground
        one = await present(ground.catalog, ground.clock, Scope(("team", "nowhere"), False))
        assert {item.name for item in one if item.kind is Kind.PROJECT} == {"team"}
        assert {item.project for item in one} == {"", "team"}
        everything = await present(ground.catalog, ground.clock, Scope())
        names = {item.name for item in everything if item.kind is Kind.PROJECT}
        assert names == {"team", "other"}


async def test_robots_are_left_out() -> None:
    async with open_doors() as doors:
        ground = doors.house.gate.ground
        found = await present(ground.catalog, ground.clock, Scope(("team",), False))
        members = [item for item in found if item.kind is Kind.MEMBER]
        assert members
        assert not any("robot" in item.name for item in members)


async def test_long_lists_are_read_to_their_end() -> None:
    async with open_doors() as doors:
        ground = doors.house.gate.ground
        for index in range(PAGE + 3):
            await doors.house.gate.projects.create(
                f"p{index:04}", await doors.acting(), public=False
            )
        found = await present(ground.catalog, ground.clock, Scope())
        assert Item(Kind.PROJECT, "", f"p{PAGE + 2:04}") in found
