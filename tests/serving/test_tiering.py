"""Commands on a stopped registry find what moved to its cold store."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from entrepot.adapters.blobs.fs import open_store
from entrepot.oci.errors import Fault
from entrepot.services.jobs import JobService, Run
from entrepot.services.tiering import TieringLimits, TieringService
from entrepot.serving.backups import backup_stopped, restore_backup
from entrepot.serving.inspection import inspect
from entrepot.serving.rebuilding import rebuild
from entrepot.serving.tiering import SCHEDULE, ensure_tiering, tiering_handlers
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.cold import NOTE, note_cold, noted_cold
from entrepot.wiring.outside import Outside
from tests.services.house import Counting
from tests.services.storehouse import NAMES, TAGS, open_storehouse
from tests.services.test_tiering import Args


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """Return a data directory of which most blobs are in the directory `cold` beside it."""
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    note_cold(path, str(tmp_path / "cold"))
    async with open_storehouse(path) as house:
        await house.add_image(NAMES[0], TAGS[0], [b"one", b"two"])
        house.clock.seconds += 10_000
        cold = await open_store(tmp_path / "cold")
        service = TieringService(
            house.catalog,
            house.store,
            cold,
            clock=house.clock,
            random=Counting(70_000),
            limits=TieringLimits(1.0, 1 << 40, size_min_bytes=3),
        )
        await service.handle(Args())
        await cold.close()
    assert len(list(path.glob("blobs/*/*/*"))) == 1
    assert len(list((tmp_path / "cold").glob("blobs/*/*/*"))) == 3
    return path


async def test_a_check_reads_both(data: Path, tmp_path: Path) -> None:
    assert await inspect(data, read=True) == ([], 0)
    (tmp_path / "cold").rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError, match="cold store is not there"):
        await inspect(data, read=True)


async def test_a_backup_has_both(data: Path, tmp_path: Path) -> None:
    copied = await backup_stopped(data, tmp_path / "backup", links=True)
    assert (copied.blobs, copied.missing) == (4, 0)
    again = await backup_stopped(data, tmp_path / "backup", links=True)
    assert (again.blobs, again.new_bytes, again.dropped) == (4, 0, 0)
    await restore_backup(tmp_path / "backup", tmp_path / "restored", links=True)
    assert noted_cold(tmp_path / "restored") == ""
    assert await inspect(tmp_path / "restored", read=True) == ([], 0)


async def test_without_a_cold_store_the_job_says_so() -> None:
    outside = cast("Outside", SimpleNamespace(storage=None))
    (handle,) = tiering_handlers(Settings(), outside).values()
    with pytest.raises(Fault, match=r"name one in cold\.blobs"):
        await handle(cast("Run", None))


async def test_a_rebuild_looks_at_both(data: Path) -> None:
    made = await rebuild(data, read=True, force=True)
    assert (made.report.blobs, made.report.missing.count) == (4, 0)
    assert await inspect(data, read=True) == ([], 0)


async def test_what_is_in_a_bucket_is_not_taken_for_lost(data: Path, tmp_path: Path) -> None:
    (data / NOTE).write_text("s3://bucket/cold")
    with pytest.raises(OSError, match="s3://bucket/cold"):
        await inspect(data, read=False)
    with pytest.raises(Fault, match="would not be in the backup"):
        await backup_stopped(data, tmp_path / "backup", links=True)


def test_the_cold_store_is_not_forgotten(tmp_path: Path) -> None:
    data, cold = tmp_path / "data", tmp_path / "cold"
    data.mkdir()
    note_cold(data, "")
    assert not (data / NOTE).exists()
    note_cold(data, str(cold))
    assert noted_cold(data) == str(cold)
    cold.mkdir()
    for place in (str(cold), "s3://bucket/cold", ""):  # as if it were not mounted
        with pytest.raises(FileNotFoundError, match=f"remove the file {data / NOTE}"):
            note_cold(data, place)
    (cold / "blobs").mkdir()
    note_cold(data, str(cold))
    note_cold(data, "s3://bucket/cold")  # nothing was moved there yet
    for place in ("", str(cold)):
        with pytest.raises(FileNotFoundError, match="tier run --back"):
            note_cold(data, place)
    (data / NOTE).unlink()
    (cold / "blobs" / "sha256" / "ab").mkdir(parents=True)
    (cold / "blobs" / "sha256" / "ab" / "abcd.1").touch()
    note_cold(data, str(cold))
    with pytest.raises(FileNotFoundError, match="moved to"):
        note_cold(data, "")
    (cold / "blobs" / "sha256" / "ab" / "abcd.1").unlink()
    note_cold(data, "")
    assert noted_cold(data) == ""


async def test_without_a_cold_store_nothing_is_scheduled(data: Path) -> None:
    """Otherwise a job that nobody knows would fail each night."""
    async with open_storehouse(data) as house:
        jobs = JobService(house.catalog, house.clock)
        await jobs.ensure_schedule(SCHEDULE)
        outside, built = SimpleNamespace(storage=None), SimpleNamespace(jobs=jobs)
        for _ in range(2):
            await ensure_tiering(cast("Outside", outside), cast("House", built))
            assert await jobs.schedules("", 10) == []
