"""Which blobs clients are sent elsewhere for."""

from entrepot.adapters.blobs.memory import MemoryStore
from entrepot.ports.blobs import Blob
from entrepot.services.linking import LINK_MIN_BYTES, LinkService
from entrepot.services.policies import OPTIONS, PolicyService
from tests.services.house import ALICE, APP, House

BIG = bytes(LINK_MIN_BYTES)


async def to_the_bucket(blob: Blob, size_bytes: int) -> str | None:
    return f"https://bucket/{blob.digest.encoded}.{blob.generation}?{size_bytes}"


def service(house: House, *, links: bool = True) -> LinkService:
    assert isinstance(house.store, MemoryStore)
    house.store.link = to_the_bucket if links else None
    policies = PolicyService(house.catalog, house.clock)
    return LinkService(house.catalog, house.store, policies)


async def test_a_big_blob_is_read_elsewhere(house: House) -> None:
    row = await house.add_blob(BIG)
    expected = f"https://bucket/{row.digest.encoded}.{row.generation}?{len(BIG)}"
    assert await service(house).link(APP, row) == expected


async def test_a_small_one_is_read_here(house: House) -> None:
    row = await house.add_blob(BIG[:-1])
    assert await service(house).link(APP, row) is None


async def test_a_store_without_urls(house: House) -> None:
    row = await house.add_blob(BIG)
    assert await service(house, links=False).link(APP, row) is None


async def test_a_project_says_no(house: House) -> None:
    row = await house.add_blob(BIG)
    made = service(house)
    policies = PolicyService(house.catalog, house.clock)
    await policies.put(APP.project, OPTIONS, {"redirect_blobs": False}, ALICE)
    assert await made.link(APP, row) is None
    await policies.put(APP.project, OPTIONS, {"scan_on_push": True}, ALICE)
    assert await made.link(APP, row) is not None
