"""What artifacts are: worked out once, and kept while there is room."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from entrepot.faces.manage.harbor import cores, kinds
from entrepot.faces.manage.harbor.cores import Cores
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.manifest import parse
from entrepot.oci.mediatype import OCI_CONFIG
from entrepot.oci.reference import Tag
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Inside, extract_of, read_text, text_of
from entrepot.services.artifacts import ArtifactService
from entrepot.services.configs import ImageConfigs
from entrepot.services.policies import PolicyService
from tests.oci.documents import a_descriptor, an_image, an_index, raw_of
from tests.services.house import ALICE, APP, House, open_house


class Counted(ArtifactService):
    """Counts the artifacts that were looked into."""

    looked = 0

    async def insides(
        self, items: Sequence[ArtifactItem], *, layers: bool = False
    ) -> dict[Digest, Inside]:
        self.looked += len(items)
        return await super().insides(items, layers=layers)


def service(house: House) -> Counted:
    return Counted(
        house.catalog,
        configs=ImageConfigs(house.catalog, house.store),
        policies=PolicyService(house.catalog, house.clock),
    )


async def images(house: House, here: ArtifactService, count: int) -> list[ArtifactItem]:
    made = [await house.add_image(Tag(str(n)), [b"layer %d" % n]) for n in range(count)]
    return [await here.find(APP, one.digest) for one in made]


async def test_each_is_worked_out_once() -> None:
    async with open_house() as house:
        here = service(house)
        items = await images(house, here, cores.AT_ONCE + 1)
        known = Cores(here)
        found = await known.of(items)
        assert (set(found), here.looked) == ({one.digest for one in items}, len(items))
        assert await known.of(items[::-1]) == found
        assert here.looked == len(items)
        assert known.size_bytes == sum(one.size_bytes for one in found.values())


async def test_it_is_put_into_answers_as_json() -> None:
    async with open_house() as house:
        here = service(house)
        (item,) = await images(house, here, 1)
        core = (await Cores(here).of([item]))[item.digest]
        assert core.kind.media_type == OCI_CONFIG
        assert b'"os":""' in encode({"extra": core.extra})


async def test_those_used_longest_ago_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        here = service(house)
        one, two, three = await images(house, here, 3)
        size = (await Cores(here).of([one]))[one.digest].size_bytes
        monkeypatch.setattr(cores, "CORES_SIZE_MAX_BYTES", 2 * size)
        known = Cores(here)
        for item in (one, two, one, three):
            await known.of([item])
        here.looked = 0
        await known.of([one, three])
        assert (here.looked, known.size_bytes) == (0, 2 * size)
        await known.of([two])
        assert (here.looked, known.size_bytes) == (1, 2 * size)


async def test_what_is_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "CORE_SIZE_MAX_BYTES", 10)
    async with open_house() as house:
        here = service(house)
        items = await images(house, here, 2)
        known = Cores(here)
        for _ in range(2):
            assert len(await known.of(items)) == 2
        assert (here.looked, known.size_bytes) == (4, 0)


async def test_what_is_gone_is_left_out() -> None:
    async with open_house() as house:
        here = service(house)
        items = await images(house, here, 2)
        await house.deletion.delete(APP, items[0].digest, ALICE)
        assert (await Cores(here).of(items)).keys() == {items[1].digest}


async def test_an_extract_is_not_looked_into() -> None:
    async with open_house() as house:
        here = service(house)
        items = await images(house, here, 2)
        worked_out = await Cores(here).of(items)
        made = await here.insides(items)
        kept = [replace(one, extract=text_of(made[one.digest]) or "") for one in items]
        here.looked = 0
        known = Cores(here)
        assert await known.of(kept) == worked_out
        assert (here.looked, known.size_bytes) == (0, 0)


CHART = "application/vnd.cncf.helm.config.v1+json"
KINDS = (OCI_CONFIG, CHART, "application/vnd.a.b.config.v1+json")
NOTES = ("org.opencontainers.artifactType", "module.wasm.image/variant", "other")


@given(
    st.sampled_from([True, False]),
    st.sampled_from([*KINDS, "x/y"]),
    st.sampled_from(["", *KINDS, "x/y"]),
    st.dictionaries(st.sampled_from(NOTES), st.sampled_from(["compat", *KINDS]), max_size=2),
    st.sampled_from([{}, {"os": "linux"}, {"name": "chart", "config": {"Cmd": ["sh"]}}]),
)
def test_an_extract_says_the_same_or_that_it_cannot(
    is_index: bool,
    config_type: str,
    artifact_type: str,
    notes: dict[str, str],
    config: dict[str, Any],
) -> None:
    more = {"annotations": notes, "artifactType": artifact_type}
    about = a_descriptor(b"{}", mediaType=config_type)
    document = an_index(**more) if is_index else an_image(config=about, **more)
    inside = Inside(parse(raw_of(document)), {} if is_index else config)
    whole, text = extract_of(inside), text_of(inside)
    assert text is not None
    expected, found = cores._core(whole), cores._core(read_text(text))
    assert expected is not None
    if found is None:  # an image's configuration, and yet no image
        assert expected.kind.type != kinds.IMAGE
        assert msgspec.json.decode(whole.config) == config
    else:
        assert found == expected
