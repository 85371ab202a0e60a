"""Backups are of one moment, whatever goes on; a registry from one is whole."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from entrepot.adapters.blobs.fs import FsReplica
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.ports.backup import Replica
from entrepot.ports.blobs import Blob
from entrepot.ports.jobs import NewJob
from entrepot.services.backup import KIND, BackupService, Parts
from entrepot.services.fsck import check_stopped
from entrepot.serving.backups import parts_of, restore_backup
from tests.services.house import ALICE, HandClock
from tests.services.storehouse import NAMES, TAGS, dump, open_storehouse

APP = NAMES[0]


class Killed(Exception):
    """The process died."""


@dataclass
class Watched:
    """A replica that tells of each blob, and dies when it is told to."""

    inner: Replica
    taken: list[int] = field(default_factory=list)
    dies_after: int = 1_000_000

    async def take(self, blob: Blob, size: int) -> int:
        if len(self.taken) >= self.dies_after:
            raise Killed
        self.taken.append(await self.inner.take(blob, size))
        return self.taken[-1]

    async def is_right(self, blob: Blob) -> bool:
        return await self.inner.is_right(blob)

    def scan(self) -> AsyncIterator[Blob]:
        return self.inner.scan()

    async def drop(self, blob: Blob) -> None:
        await self.inner.drop(blob)

    async def finish(self) -> None:
        await self.inner.finish()


async def nothing() -> None:
    """Nobody waits for a sign of life."""


def service(data: Path, *, links: bool = True, dies_after: int = 1_000_000) -> Any:
    watched: list[Watched] = []

    def parts(target: str) -> Parts:
        made = parts_of(data, links=links)(target)
        watched.append(Watched(made.replica, dies_after=dies_after))
        return replace(made, replica=watched[-1])

    return BackupService(HandClock(), parts), watched


async def findings(path: Path) -> list[str]:
    async with open_storehouse(path) as house:
        return [f"{f}" async for f in check_stopped(house.catalog, house.store, read=True)]


@pytest.mark.parametrize("links", [True, False], ids=["links", "copies"])
async def test_a_backup_while_others_push_and_delete_restores_whole(
    tmp_path: Path, links: bool
) -> None:
    data, target, new = tmp_path / "data", tmp_path / "backup", tmp_path / "new"
    data.mkdir()
    chance = Random(7)
    async with open_storehouse(data) as house:
        for _ in range(40):
            await house.act(chance)
        await house.keeper.follow()
        backups, _ = service(data, links=links)
        backup = asyncio.create_task(backups.backup(str(target), nothing))
        acts = 0
        while not backup.done():
            # Whatever a client does; the collector waits for its mutex.
            await house.add_image(APP, TAGS[acts % 3], [b"while it ran %d" % acts])
            await house.deletion.delete(APP, TAGS[acts % 3], ALICE)
            acts += 1
        copied = backup.result()
        assert (acts > 0, copied.missing) == (True, 0)
    changed, restored = await restore_backup(target, new, links=links)
    assert (changed, restored.missing, restored.blobs) == ([], 0, copied.blobs)
    assert dump(new / "catalog.db") == dump(target / "catalog.db")
    assert await findings(new) == []
    assert (new / "secrets").stat().st_mode & 0o077 == 0


async def test_a_restored_registry_goes_on_where_the_snapshot_was(tmp_path: Path) -> None:
    data, target, new = tmp_path / "data", tmp_path / "backup", tmp_path / "new"
    data.mkdir()
    async with open_storehouse(data) as house:
        image = await house.add_image(APP, TAGS[0], [b"layer"])
        await house.keeper.follow()
        backups, _ = service(data)
        await backups.backup(str(target), nothing)
        await house.add_image(APP, TAGS[0], [b"later"])
    await restore_backup(target, new, links=True)
    async with open_storehouse(new) as house:
        async with house.catalog.begin() as tx:
            repository = await tx.repositories.find(APP)
            assert repository is not None
            assert await tx.tags.find(repository.id, TAGS[0]) == image.digest
        await house.add_image(APP, TAGS[1], [b"layer", b"more"])
        assert await house.keeper.follow() == 1
        lines = [event async for event in house.journal.events()]
    assert [getattr(line, "kind", line) for line in lines[1:]] == ["manifest.published"] * 2


async def test_killed_in_the_middle_it_is_not_complete_and_can_be_repeated(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    data.mkdir()
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[0], [b"layer %d" % n for n in range(8)])
    backups, _ = service(data)
    await backups.backup(str(target), nothing)
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[1], [b"new %d" % n for n in range(8)])
    dying, _ = service(data, dies_after=12)
    with pytest.raises(ExceptionGroup):
        await dying.backup(str(target), nothing)
    assert not (target / "backup.json").exists()
    with pytest.raises(Fault) as refused:
        await restore_backup(target, tmp_path / "new", links=True)
    assert refused.value.code is Code.REQUEST_INVALID
    assert not (tmp_path / "new").exists()
    again, watched = service(data)
    copied = await again.backup(str(target), nothing)
    # What either of them brought is not copied again.
    assert 0 < sum(1 for size in watched[0].taken if size) < 9 < copied.blobs
    await restore_backup(target, tmp_path / "new", links=True)
    assert await findings(tmp_path / "new") == []


async def test_what_is_gone_goes_from_the_backup_too(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    data.mkdir()
    backups, _ = service(data)
    async with open_storehouse(data) as house:
        gone = await house.add_image(APP, TAGS[0], [b"gone"])
        await house.add_image(APP, TAGS[1], [b"stays"])
        await backups.backup(str(target), nothing)
        await house.deletion.delete(APP, gone.digest, ALICE)
        async with house.catalog.begin() as tx:
            entries = await tx.trash.due(float("inf"), 9)
        await house.purging.purge([entry.id for entry in entries], ALICE)
        house.clock.seconds += 10_000
        await house.collect()
    copied = await backups.backup(str(target), nothing)
    assert copied.dropped == 2
    await restore_backup(target, tmp_path / "new", links=True)
    assert await findings(tmp_path / "new") == []


async def test_a_blob_that_is_rotten_in_the_backup_is_not_restored_as_sound(
    tmp_path: Path,
) -> None:
    data, target, new = tmp_path / "data", tmp_path / "backup", tmp_path / "new"
    data.mkdir()
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
    backups, _ = service(data, links=False)
    await backups.backup(str(target), nothing)
    (layer,) = (target / "blobs").glob(f"*/*/{Digest.of(b'layer').partition(':')[2]}.*")
    layer.write_bytes(b"LAYER")
    _, restored = await restore_backup(target, new, links=False)
    assert (restored.missing, restored.names) == (1, [Digest.of(b"layer")])
    assert Digest.of(b"layer").encode() in msgspec.json.encode(restored)
    (finding,) = await findings(new)
    assert "known since" in finding
    async with open_storehouse(new) as house:
        await house.add_blob(APP, b"layer")
    assert await findings(new) == []


async def test_a_changed_file_is_told(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    data.mkdir()
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
    backups, _ = service(data)
    await backups.backup(str(target), nothing)
    (segment,) = (target / "journal").iterdir()
    segment.write_bytes(segment.read_bytes() + b"more")
    changed, _ = await restore_backup(target, tmp_path / "new", links=True)
    assert changed == [f"journal/{segment.name}"]


async def test_nothing_else_is_overwritten(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    data.mkdir()
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
    target.mkdir()
    (target / "photo.jpg").write_bytes(b"")
    backups, _ = service(data)
    for wrong in (target, data, data / "inside", tmp_path):
        with pytest.raises(Fault) as refused:
            await backups.backup(str(wrong), nothing)
        assert refused.value.code is Code.REQUEST_INVALID
    shutil.rmtree(target)
    await backups.backup(str(target), nothing)
    with pytest.raises(FileExistsError):
        await restore_backup(target, data, links=True)


@dataclass
class OneRun:
    """A job's run in memory."""

    args: dict[str, Any]
    lines: list[str] = field(default_factory=list)

    async def pause(self) -> None:
        return None

    async def log(self, text: str) -> None:
        self.lines.append(text)


async def test_the_job_that_made_it_does_not_go_on_in_the_restored_registry(
    tmp_path: Path,
) -> None:
    data, target, new = tmp_path / "data", tmp_path / "backup", tmp_path / "new"
    data.mkdir()
    backups, _ = service(data)
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
        async with house.catalog.begin(write=True) as tx:
            await tx.jobs.enqueue(NewJob(KIND, mutex="gc"), house.clock.now())
            await tx.jobs.claim("me", house.clock.now(), house.clock.now() + 60)
        run = OneRun({"target": str(target)})
        await backups.handle(run)
        assert run.lines[-1].startswith("3 blobs of ")
    await restore_backup(target, new, links=True)
    async with open_storehouse(new) as house, house.catalog.begin() as tx:
        (job,) = await tx.jobs.page(KIND, 99, 9)
    assert job.cancelled or job.ended_at is not None


@pytest.mark.parametrize("args", [{}, {"target": "relative"}, {"target": 7}])
async def test_a_job_without_a_place_is_refused(tmp_path: Path, args: dict[str, Any]) -> None:
    backups, _ = service(tmp_path)
    with pytest.raises(Fault):
        await backups.handle(OneRun(args))


async def test_a_replica_heals_what_has_the_wrong_size(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    async with open_storehouse(data) as house:
        await house.add_blob(APP, b"layer")
    replica = FsReplica(data, tmp_path / "second", links=False)
    (blob,) = [found async for found in FsReplica(tmp_path, data).scan()]
    assert await replica.take(blob, 5) == 5
    (file,) = (tmp_path / "second" / "blobs").glob("*/*/*")
    file.write_bytes(b"lay")
    assert (await replica.is_right(blob), await replica.take(blob, 5)) == (False, 5)
    assert (await replica.is_right(blob), await replica.take(blob, 5)) == (True, 0)
