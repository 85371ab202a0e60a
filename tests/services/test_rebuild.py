"""What the journal and the blobs tell is what the catalog had."""

from pathlib import Path
from random import Random

import msgspec
import pytest

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.journal import open_journal
from entrepot.oci.digest import Digest
from entrepot.ports.accounts import Account
from entrepot.ports.blobs import Blob
from entrepot.rules.leases import Grace
from entrepot.rules.roles import Role
from entrepot.services.fsck import check_stopped
from entrepot.services.push import Pushed
from entrepot.services.rebuild import RebuildService, Report
from tests.services.house import ALICE, Bytes, HandClock, image
from tests.services.storehouse import NAMES, TAGS, dump, open_storehouse

APP = NAMES[0]


async def rebuilt(path: Path, *, old: bool = False, read: bool = False) -> Report:
    """Make `path/new.db`, check it, and return what was told."""
    store, journal = await open_store(path), await open_journal(path / "journal")
    catalog = await open_catalog(path / "new.db")
    before = await open_catalog(path / "catalog.db") if old else None
    try:
        service = RebuildService(catalog, store, journal, HandClock(), grace=Grace())
        report = await service.rebuild(old=before, read=read)
        findings = [found async for found in check_stopped(catalog, store, read=True)]
        assert [f for f in findings if f.invariant != "damaged"] == []
        assert len(findings) == report.missing.count
        return report
    finally:
        await catalog.close()
        if before is not None:
            await before.close()
        await journal.close()
        await store.close()


def blob_path(path: Path, digest: Digest) -> Path:
    (found,) = (path / "blobs").glob(f"*/*/{digest.partition(':')[2]}.*")
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_a_history_by_chance_comes_back_whole(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    async with open_storehouse(tmp_path) as house:
        for _ in range(60):
            await house.act(chance)
            if chance.random() < 0.1:
                await house.keeper.follow()
    report = await rebuilt(tmp_path, read=bool(seed % 2))
    assert report.is_whole, report
    before, after = dump(tmp_path / "catalog.db"), dump(tmp_path / "new.db")
    for table in before:
        assert after[table] == before[table], table
    assert len(before["history"]) > 5


async def test_accounts_and_the_last_second_come_from_the_old_catalog(tmp_path: Path) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
        async with house.catalog.begin(write=True) as tx:
            await tx.accounts.add(Account("bob", Role.ADMIN, "hash", 1.0, 2.0))
    (segment,) = (tmp_path / "journal").iterdir()
    segment.unlink()
    report = await rebuilt(tmp_path, old=True)
    assert (report.accounts, report.events, report.is_whole) == (1, 2, True)
    assert dump(tmp_path / "new.db") == dump(tmp_path / "catalog.db")


async def test_of_several_generations_the_highest_right_one_is_taken(tmp_path: Path) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
    layer = blob_path(tmp_path, Digest.of(b"layer"))
    generation = int(layer.suffix[1:])
    layer.with_suffix(f".{generation + 7}").write_bytes(b"LAYER")
    layer.with_suffix(".0").write_bytes(b"layer")
    report = await rebuilt(tmp_path)
    assert (report.debris, report.is_whole) == (2, True)
    rows = {row[0]: row[1] for row in dump(tmp_path / "new.db")["blobs"]}
    assert rows[Digest.of(b"layer")] == generation
    catalog = await open_catalog(tmp_path / "new.db")
    async with catalog.begin(write=True) as tx:
        new = await tx.blobs.arrive(Digest.of(b"new"), 3, 0.0)
    await catalog.close()
    assert new.generation > generation + 7


async def test_a_generation_that_two_blobs_have_is_given_to_one(tmp_path: Path) -> None:
    """A catalog that was restored gives again what was given after its backup."""
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"one", b"two"])
    before = dump(tmp_path / "catalog.db")
    one, two = (blob_path(tmp_path, Digest.of(data)) for data in (b"one", b"two"))
    two.rename(two.with_suffix(one.suffix))
    report = await rebuilt(tmp_path, read=True)
    assert (report.is_whole, report.debris, report.blobs) == (True, 1, 4)
    after = dump(tmp_path / "new.db")
    assert after["manifests"] == before["manifests"]
    generations = [row[1] for row in after["blobs"]]
    assert len(set(generations)) == len(generations) == 4
    assert max(generations) > max(row[1] for row in before["blobs"])


@pytest.mark.parametrize("harm", ["lost", "shorter"])
async def test_a_missing_layer_is_told_and_a_push_heals_it(tmp_path: Path, harm: str) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
        gone = await house.add_image(APP, TAGS[1], [b"deleted later"])
        await house.deletion.delete(APP, gone.digest, ALICE)
        async with house.catalog.begin() as tx:
            (entry,) = await tx.trash.due(float("inf"), 9)
        await house.purging.purge([entry.id], ALICE)
    layer = blob_path(tmp_path, Digest.of(b"layer"))
    if harm == "lost":
        layer.unlink()
    else:
        layer.write_bytes(b"lay")
    blob_path(tmp_path, Digest.of(b"deleted later")).unlink()
    report = await rebuilt(tmp_path)
    assert (report.missing.count, report.manifests.count, report.is_whole) == (1, 0, False)
    (tmp_path / "new.db").rename(tmp_path / "catalog.db")
    async with open_storehouse(tmp_path) as house:
        await house.add_blob(APP, b"layer")
        assert [f async for f in check_stopped(house.catalog, house.store, read=True)] == []


async def test_a_lost_manifest_is_told_with_its_tags_and_history_stays(tmp_path: Path) -> None:
    async with open_storehouse(tmp_path) as house:
        lost = await house.add_image(APP, TAGS[0], [b"lost"])
        await house.push.publish(APP, _again(lost.raw, lost.digest), ALICE)
        kept = await house.add_image(APP, TAGS[1], [b"kept"])
    before = dump(tmp_path / "catalog.db")
    blob_path(tmp_path, lost.digest).unlink()
    report = await rebuilt(tmp_path)
    assert report.manifests.names == [f"app@{lost.digest} :latest :v1"]
    after = dump(tmp_path / "new.db")
    assert after["history"] == before["history"]
    assert [row[1:3] for row in after["tags"]] == [("v2", kept.digest)]


def _again(raw: bytes, digest: Digest) -> Pushed:
    return Pushed(raw, "", digest, (TAGS[2],))


async def test_damaged_lines_and_gaps_are_told(tmp_path: Path) -> None:
    async with open_storehouse(tmp_path) as house:
        for number in range(40):
            await house.add_image(APP, TAGS[0], [b"layer %d" % number])
            await house.keeper.follow()
    segments = sorted((tmp_path / "journal").iterdir())
    segments[1].unlink()
    text = bytearray(segments[0].read_bytes())
    text[20] ^= 1
    segments[0].write_bytes(text)
    report = await rebuilt(tmp_path)
    assert report.unreadable.names[0].endswith("line 1")
    assert any(name.startswith("events ") for name in report.unreadable.names)
    assert not report.is_whole


async def test_manifests_that_no_event_names_are_told_and_not_guessed(tmp_path: Path) -> None:
    stray = image([b"of another registry"])
    async with open_storehouse(tmp_path) as house:
        gone = await house.add_image(APP, TAGS[0], [b"layer"])
        await house.deletion.delete(APP, gone.digest, ALICE)
        upload = await house.store.begin("0" * 32)
        await upload.append(Bytes(stray))
        await upload.commit(Blob(Digest.of(stray), 99))
    report = await rebuilt(tmp_path)
    assert report.strange.names == [Digest.of(stray)]
    assert Digest.of(stray).encode() in msgspec.json.encode(report)
    assert report.is_whole
