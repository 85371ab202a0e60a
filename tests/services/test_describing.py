"""Artifacts that explain themselves."""

from collections.abc import Awaitable
from typing import Any

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.services.configs import ImageConfigs
from entrepot.services.describing import DescribeService
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, CONFIG, House, descriptor, image

LINUX = {"os": "linux", "architecture": "amd64"}


@pytest.fixture
def describing(house: House) -> DescribeService:
    return DescribeService(house.catalog, configs=ImageConfigs(house.catalog, house.store))


async def refused(doing: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code, caught.value
    return caught.value.message


async def publish(house: House, tag: str, step: str, platform: dict[str, str]) -> bytes:
    config = encode({**platform, "history": [{"created_by": f"RUN {step} # buildkit"}]})
    await house.add_blob(config)
    raw = encode({"schemaVersion": 2, "config": descriptor(CONFIG, config), "layers": []})
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Tag(tag)), ALICE)
    return raw


async def test_an_image_tells_how_it_was_made(house: House, describing: DescribeService) -> None:
    raw = await publish(house, "v1", "make", LINUX)
    for reference in (Tag("v1"), Digest.of(raw)):
        found = await describing.making(APP, reference)
        assert (found.digest, found.platform) == (Digest.of(raw), "linux/amd64")
        assert found.dockerfile.endswith("RUN make\n")
        assert [step.created_by for step in found.steps] == ["RUN make # buildkit"]


async def test_an_index_tells_of_one_platform(house: House, describing: DescribeService) -> None:
    arm = {"os": "linux", "architecture": "arm64"}
    children: list[dict[str, Any]] = [
        {
            **descriptor(OCI_MANIFEST, await publish(house, "a", "one", LINUX)),
            "platform": {"os": "unknown", "architecture": "unknown"},
        },
        {**descriptor(OCI_MANIFEST, await publish(house, "b", "two", LINUX)), "platform": LINUX},
        {**descriptor(OCI_MANIFEST, await publish(house, "c", "six", arm)), "platform": arm},
    ]
    raw = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
    await house.push.publish(APP, Pushed(raw, OCI_INDEX, Tag("multi")), ALICE)
    assert "RUN two" in (await describing.making(APP, Tag("multi"))).dockerfile
    assert "RUN six" in (await describing.making(APP, Tag("multi"), "linux/arm64")).dockerfile
    told = await refused(describing.making(APP, Tag("multi"), "plan9/x"), Code.NOT_FOUND)
    assert "linux/amd64, linux/arm64" in told


async def test_what_is_no_image(house: House, describing: DescribeService) -> None:
    await refused(describing.making(APP, Tag("v1")), Code.MANIFEST_UNKNOWN)
    await refused(describing.usage(APP, Tag("v1"), "reg"), Code.MANIFEST_UNKNOWN)
    await house.add_blob(b"{}")
    raw = image([], config=descriptor("application/vnd.example+json", b"{}"))
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Tag("v1")), ALICE)
    await refused(describing.making(APP, Tag("v1")), Code.UNSUPPORTED)
    await refused(describing.making(APP, Tag("v2")), Code.MANIFEST_UNKNOWN)
    assert (await describing.usage(APP, Tag("v1"), "reg"))[0].command == "oras pull reg/app:v1"
    await refused(describing.usage(APP, Tag("v1"), "a b"), Code.REQUEST_INVALID)
