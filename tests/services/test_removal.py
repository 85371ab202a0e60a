"""Whole repositories that go at once, into the trash."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.services import removal
from entrepot.services.policies import PolicyService
from entrepot.services.push import Pushed
from entrepot.services.removal import RemovalService
from tests.services.house import ALICE, APP, Counting, House, index, open_house


def service(house: House) -> RemovalService:
    policies = PolicyService(house.catalog, house.clock)
    return RemovalService(
        house.catalog, house.clock, Counting(), deletion=house.deletion, guard=policies.guard
    )


async def count(house: House) -> int:
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        return len(await tx.manifests.page(repository.id, None, 99)) if repository else 0


async def test_indexes_go_before_what_they_are_made_of() -> None:
    async with open_house() as house:
        # The children are pushed again later: so they come before their index in lists.
        children = [await house.add_image(Tag(name), [name.encode()]) for name in "ab"]
        raw = index([child.raw for child in children])
        await house.push.publish(APP, Pushed(raw, OCI_INDEX, Tag("multi")), ALICE)
        for at in range(8):
            await house.add_image(Tag(f"x{at}"), [f"{at}".encode()])
        assert await service(house).empty(APP, ALICE)
        assert await count(house) == 0
        entries = await house.trash.page()
        assert len(entries) == 11
        assert len({entry.batch for entry in entries}) == 1


async def test_what_cannot_go_keeps_all() -> None:
    async with open_house() as house:
        for tag in ("1", "v1"):
            await house.add_image(Tag(tag), [tag.encode()])
        policies = PolicyService(house.catalog, house.clock)
        await policies.put("library", "immutability", [{"tag": "v*"}], ALICE)
        with pytest.raises(Fault) as refused:
            await service(house).empty(APP, ALICE)
        assert refused.value.code is Code.PRECONDITION
        assert await count(house) == 2


async def test_what_is_large_is_for_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        for tag in "ab":
            await house.add_image(Tag(tag), [b"layer"])
        monkeypatch.setattr(removal, "TAGS_MAX", 1)
        assert not await service(house).empty(APP, ALICE)
        assert await count(house) == 1


async def test_where_nothing_is() -> None:
    async with open_house() as house:
        with pytest.raises(Fault) as refused:
            await service(house).empty(RepositoryName("library/nosuch"), ALICE)
        assert refused.value.code is Code.NAME_UNKNOWN
