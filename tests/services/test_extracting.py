"""Extracts are made of all manifests, and say what the manifests say."""

import asyncio
from typing import Any

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Busy
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Extract, extract_of, read_text
from entrepot.services import extracting
from entrepot.services.artifacts import ArtifactService
from entrepot.services.configs import ImageConfigs
from entrepot.services.extracting import EVERY_SECONDS, Extractor
from entrepot.services.policies import PolicyService
from entrepot.services.push import Pushed
from tests.adapters.catalog.rows import publish
from tests.services.house import ALICE, APP, CONFIG, House, descriptor, image, index, open_house


def service(house: House) -> ArtifactService:
    return ArtifactService(
        house.catalog,
        configs=ImageConfigs(house.catalog, house.store),
        policies=PolicyService(house.catalog, house.clock),
    )


def extractor(house: House) -> Extractor:
    return Extractor(house.catalog, service(house), house.clock)


async def rows(house: House) -> list[ArtifactItem]:
    async with house.catalog.begin() as tx:
        return await tx.lists.artifacts.rows(range(100))


async def kept(house: House) -> dict[str, Extract]:
    return {one.digest: read_text(one.extract) for one in await rows(house) if one.extract}


async def push(house: House, raw: bytes, media_type: str = OCI_MANIFEST, tag: str = "") -> None:
    pushed = Pushed(raw, media_type, Tag(tag) if tag else Digest.of(raw))
    await house.push.publish(APP, pushed, ALICE)


async def test_all_are_extracted_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracting, "STEP", 3)
    monkeypatch.setattr(extracting, "AT_ONCE", 2)
    async with open_house() as house:
        for number in range(7):
            await house.add_image(Tag(str(number)), [b"layer %d" % number])
        here = extractor(house)
        before = {one.id: (one.size, one.tags) for one in await rows(house)}
        assert await here.fill() == 7
        assert await here.fill() == 0
        insides = await service(house).insides(await rows(house))
        found = await kept(house)
        assert found.keys() == insides.keys()
        for digest, one in found.items():
            assert one.image == extract_of(insides[Digest(digest)]).image
        assert {one.id: (one.size, one.tags) for one in await rows(house)} == before
        await house.add_image(Tag("new"), [b"another"])
        assert await here.fill() == 1
        assert await extractor(house).fill() == 0


async def test_nothing_is_looked_for_while_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_house() as house:
        await house.add_image(Tag("1"), [b"layer"])
        here = extractor(house)
        await here.fill()
        await here.fill()  # looks once more: its own writing was a change

        def begin(**_: bool) -> None:
            raise AssertionError("it looked")

        with monkeypatch.context() as patch:
            patch.setattr(house.catalog, "begin", begin)
            assert await here.fill() == 0
        await house.add_image(Tag("2"), [b"other"])
        assert await here.fill() == 1


async def test_they_go_with_their_manifest() -> None:
    async with open_house() as house:
        made = await house.add_image(Tag("1"), [b"layer"])
        here = extractor(house)
        await here.fill()
        await house.deletion.delete(APP, made.digest, ALICE)
        assert await kept(house) == {}
        ids = [entry.id for entry in await house.trash.page()]
        await house.trash.restore(ids, ALICE)
        assert [one.extract for one in await rows(house)] == [""]
        assert await here.fill() == 1
        assert (await kept(house)).keys() == {made.digest}


async def test_what_cannot_be_read_now_is_left() -> None:
    async with open_house(check=False) as house:
        config = encode({"os": "linux"})
        for data in (config, b"layer"):
            await house.add_blob(data)
        document: dict[str, Any] = {"config": descriptor(CONFIG, config)}
        await push(house, image([b"layer"], **document), tag="1")
        files = house.disk.files
        gone = {name: one for name, one in files.items() if bytes(one.data) == config}
        for name in gone:
            del files[name]
        assert await extractor(house).fill() == 0
        files.update(gone)
        assert await extractor(house).fill() == 1
        (found,) = (await kept(house)).values()
        assert b'"os":"linux"' in bytes(found.image)


async def test_what_is_no_manifest_keeps_no_other_from_its_extract() -> None:
    async with open_house(check=False) as house:
        for number in range(3):
            await house.add_image(Tag(str(number)), [b"layer %d" % number])
        async with house.catalog.begin(write=True) as tx:
            await publish(tx, APP, "broken", tag="3")
        assert await extractor(house).fill() == 3
        assert [bool(one.extract) for one in await rows(house)] == [True] * 3 + [False]


async def test_sizes_are_kept_where_they_last() -> None:
    async with open_house() as house:
        for data in (b"{}", b"layer"):
            await house.add_blob(data)
        one, two = (image([b"layer"], annotations={"n": str(n)}) for n in range(2))
        for raw in (one, two):
            await push(house, raw)
        await push(house, index([one, two]), OCI_INDEX, "all")
        sizes = {item.id: item.size for item in await rows(house)}
        assert await extractor(house).fill() == 3
        async with house.catalog.begin() as tx:
            assert await tx.extracts.lasting(list(sizes)) == {max(sizes)}
        assert {item.id: item.size for item in await rows(house)} == sizes


async def test_it_goes_on_after_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        here = extractor(house)
        warned: list[str] = []
        calls = 0

        async def fill() -> int:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise Busy("locked")
            if calls == 2:
                raise OSError("no disk")
            raise asyncio.CancelledError

        class Log:
            def warning(self, event: str, **facts: Any) -> None:
                assert event == "extracts are not written"
                warned.append(facts["reason"])

        monkeypatch.setattr(here, "fill", fill)
        begun = house.clock.seconds
        with pytest.raises(asyncio.CancelledError):
            await here.run(Log())
        assert warned == ["locked", "no disk"]
        assert house.clock.seconds == begun + 2 * EVERY_SECONDS
