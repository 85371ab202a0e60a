"""Dry runs: they say what a pass does, and change nothing."""

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from entrepot.services.gc.preview import Doomed, Preview
from tests.collecting import condemn_due
from tests.services.gc.passes import LONG, HookedRun, collect, stored
from tests.services.house import Bytes, House


def preview(house: House) -> Preview:
    return Preview(house.catalog, house.store, house.clock)


async def rows(house: House) -> object:
    async with house.catalog.begin() as tx:
        return await tx.inspection.blobs(0, 100)


async def test_it_says_what_a_pass_then_does_and_changes_nothing(house: House) -> None:
    await house.add_image(Tag("v1"), [b"a layer"])
    garbage = [await house.add_blob(b"garbage %d" % number) for number in range(3)]
    house.clock.seconds += LONG
    async with house.catalog.begin(write=True) as tx:
        await condemn_due(tx, house.clock.now(), 4)
    upload = await house.store.begin("f" * 32)
    await upload.append(Bytes(b"debris"))
    await upload.commit(Blob(Digest.of(b"debris"), 10_000))
    before = await rows(house), stored(house)
    plan = await preview(house).page()
    assert [line.digest for line in plan.lines] == [row.digest for row in garbage]
    assert all("its lease ended at" in line.reason for line in plan.lines)
    assert plan.next is None
    run = HookedRun({}, dry_run=True)
    said = await collect(house, run)
    assert (await rows(house), stored(house)) == before
    assert "nothing was changed" in run.lines[0]
    done = await collect(house)
    for name in ("looked", "blobs", "blobs_bytes", "debris", "debris_bytes"):
        assert getattr(done, name) == getattr(said, name)
    assert (await preview(house).page()).lines == ()


async def test_pages_are_bounded_and_go_on(house: House) -> None:
    for number in range(7):
        await house.add_blob(b"garbage %d" % number)
    assert (await preview(house).page()).lines == ()
    house.clock.seconds += LONG
    whole = (await preview(house).page()).lines
    after, found = 0, list[Doomed]()
    while True:
        page = await preview(house).page(after, 3)
        assert len(page.lines) <= 3
        found += page.lines
        if page.next is None:
            break
        after = page.next
    assert tuple(found) == whole
    assert len(whole) == 7
