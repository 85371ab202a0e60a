"""What images say of themselves: labels and platforms."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.services.configs import LABELS_MAX, ImageConfigs, ImageFacts
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, CONFIG, House, descriptor, image, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    # One test takes bytes away.
    async with open_house(check=False) as made:
        yield made


async def publish(house: House, config: bytes, **extra: object) -> Digest:
    await house.add_blob(config)
    raw = encode({"schemaVersion": 2, "config": descriptor(CONFIG, config), "layers": [], **extra})
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Tag("v1")), ALICE)
    return Digest.of(raw)


async def facts(house: House, digest: Digest, media_type: str = OCI_MANIFEST) -> ImageFacts:
    return await ImageConfigs(house.catalog, house.store).facts(digest, media_type)


async def test_labels_of_the_configuration_and_annotations(house: House) -> None:
    config = {"os": "linux", "architecture": "aarch64", "config": {"Labels": {"a": "1", "b": "2"}}}
    digest = await publish(house, encode(config), annotations={"b": "3"})
    assert await facts(house, digest) == ImageFacts(
        frozenset({("a", "1"), ("b", "3")}), frozenset({"linux/arm64"})
    )


async def test_an_index_has_the_platforms_of_its_children(house: House) -> None:
    for layer in (b"a", b"b"):
        await house.add_image(Tag("v1"), [layer])
    children = [
        {**descriptor(OCI_MANIFEST, image([layer])), "platform": platform}
        for layer, platform in (
            (b"a", {"os": "linux", "architecture": "arm", "variant": "v7"}),
            (b"b", {"os": "unknown", "architecture": "unknown"}),
        )
    ]
    raw = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
    await house.push.publish(APP, Pushed(raw, OCI_INDEX, Tag("multi")), ALICE)
    found = await facts(house, Digest.of(raw), OCI_INDEX)
    assert found.platforms == frozenset({"linux/arm/v7"})


@pytest.mark.parametrize(
    "config",
    [
        b"no JSON",
        b"[]",
        b"{}",
        b'{"os": 1, "architecture": []}',
        b'{"os": "linux"}',
        b'{"config": {"Labels": [1]}}',
        b'{"config": {"Labels": {"a": 1}}}',
        b"[" * 5000,
        b"\xff",
    ],
)
async def test_what_cannot_be_read_says_nothing(house: House, config: bytes) -> None:
    assert await facts(house, await publish(house, config)) == ImageFacts()


async def test_i13_labels_have_a_limit(house: House) -> None:
    labels = {f"l{number}": "x" for number in range(LABELS_MAX + 5)}
    digest = await publish(house, encode({"config": {"Labels": labels}}))
    assert len((await facts(house, digest)).labels) == LABELS_MAX


async def test_a_manifest_that_is_not_there_says_nothing(house: House) -> None:
    assert await facts(house, Digest.of(b"absent")) == ImageFacts()


async def test_facts_are_read_once(house: House) -> None:
    config = encode({"os": "linux", "architecture": "amd64"})
    digest = await publish(house, config)
    configs = ImageConfigs(house.catalog, house.store)
    first = await configs.facts(digest, OCI_MANIFEST)
    house.disk.files.clear()
    assert await configs.facts(digest, OCI_MANIFEST) is first
    # Nor do bytes that are gone stop a plan.
    assert (await facts(house, digest)).platforms == frozenset()
