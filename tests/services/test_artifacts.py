"""One artifact looked at closely."""

import pytest

from entrepot.adapters.catalog import listing_related
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.services import artifacts
from entrepot.services.artifacts import ArtifactService
from entrepot.services.configs import ImageConfigs
from entrepot.services.policies import PolicyService
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, House, image, open_house

NOWHERE = RepositoryName("library/nosuch")


def service(house: House) -> ArtifactService:
    return ArtifactService(
        house.catalog,
        configs=ImageConfigs(house.catalog, house.store),
        policies=PolicyService(house.catalog, house.clock),
    )


async def test_by_tag_and_by_digest() -> None:
    async with open_house() as house:
        made = await house.add_image(Tag("1"), [b"layer"])
        here = service(house)
        by_tag = await here.find(APP, Tag("1"))
        assert await here.find(APP, made.digest) == by_tag
        assert (by_tag.digest, [list(names) for _, names in by_tag.tags]) == (made.digest, [["1"]])
        inside = await here.inside(by_tag)
        assert inside is not None
        assert (inside.manifest.digest, inside.config) == (made.digest, {})


@pytest.mark.parametrize("reference", [Tag("2"), Digest.of(b"nothing")])
@pytest.mark.parametrize("name", [APP, NOWHERE])
async def test_what_there_is_not(name: RepositoryName, reference: Reference) -> None:
    async with open_house() as house:
        await house.add_image(Tag("1"), [b"layer"])
        with pytest.raises(Fault) as refused:
            await service(house).find(name, reference)
        assert refused.value.code is Code.MANIFEST_UNKNOWN
        assert await service(house).accessories(NOWHERE, [Digest.of(b"nothing")]) == {}
        assert await service(house).numbers(NOWHERE, [Digest.of(b"nothing")]) == (0, {})


async def test_what_is_gone_is_told_as_none() -> None:
    async with open_house() as house:
        made = await house.add_image(Tag("1"), [b"layer"])
        here = service(house)
        item = await here.find(APP, made.digest)
        await house.deletion.delete(APP, made.digest, ALICE)
        assert await here.inside(item) is None


async def test_several_at_once_and_numbers_of_manifests() -> None:
    async with open_house() as house:
        made = [await house.add_image(Tag(str(n)), [b"layer %d" % n]) for n in range(20)]
        here = service(house)
        items = [await here.find(APP, one.digest) for one in made]
        found = await here.insides([*items, items[0]])
        assert {digest: one.manifest.digest for digest, one in found.items()} == {
            one.digest: one.digest for one in made
        }
        _, numbers = await here.numbers(APP, [one.digest for one in made] + [Digest.of(b"none")])
        assert numbers == {item.digest: item.id for item in items}


async def test_of_many_that_hang_on_a_digest_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_related, "REFERRERS_AT_ONCE", 3)
    monkeypatch.setattr(artifacts, "ACCESSORIES_MAX", 2)
    async with open_house() as house:
        subjects = [await house.add_image(Tag(str(n)), [b"layer %d" % n]) for n in range(2)]
        expected = {}
        for subject in subjects:
            about = {"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": 1}
            raws = [image([b"layer 0"], subject=about, annotations={"n": str(n)}) for n in range(3)]
            for raw in raws:
                pushed = Pushed(raw, OCI_MANIFEST, Digest.of(raw))
                await house.push.publish(APP, pushed, ALICE)
            expected[subject.digest] = [Digest.of(raw) for raw in raws[:2]]
        found = await service(house).accessories(APP, [*expected])
        assert {one: [item.digest for item in items] for one, items in found.items()} == expected


async def test_what_hangs_on_a_digest() -> None:
    async with open_house() as house:
        made = await house.add_image(Tag("1"), [b"layer"])
        about = {"mediaType": OCI_MANIFEST, "digest": made.digest, "size": 1}
        referrer = image([b"layer"], subject=about)
        await house.push.publish(APP, Pushed(referrer, OCI_MANIFEST, Digest.of(referrer)), ALICE)
        attached = await house.add_image(Tag(f"sha256-{made.digest.encoded}.sig"), [b"signature"])
        digests = [made.digest, attached.digest]
        found = await service(house).accessories(APP, digests)
        assert {subject: [one.digest for one in items] for subject, items in found.items()} == {
            made.digest: [Digest.of(referrer), attached.digest],
        }


async def test_which_tags_stay() -> None:
    async with open_house() as house:
        await house.add_image(Tag("v1"), [b"layer"])
        policies = PolicyService(house.catalog, house.clock)
        await policies.put("library", "immutability", [{"tag": "v*"}], ALICE)
        found = await service(house).protected(APP, [Tag("v1"), Tag("latest")])
        assert found == frozenset({Tag("v1")})
