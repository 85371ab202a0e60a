"""A stopped registry's blobs are copied, and a registry over the copy is whole."""

import shutil
from pathlib import Path

import pytest

from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.oci.errors import Fault
from entrepot.serving.inspection import inspect
from entrepot.serving.migrating import migrate_stopped
from entrepot.settings import Settings
from entrepot.settings.model import Storage
from tests.services.storehouse import NAMES, TAGS, open_storehouse


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    async with open_storehouse(path) as house:
        await house.add_image(NAMES[0], TAGS[0], [b"one", b"two"])
    return path


def settings_of(data: Path) -> Settings:
    return Settings(storage=Storage(data=str(data)))


async def test_all_of_it_is_in_the_new_place(data: Path, tmp_path: Path) -> None:
    told: list[str] = []
    new = tmp_path / "new"
    args = {"to": str(new), "verify": True}
    done = await migrate_stopped(settings_of(data), args, told.append)
    assert done.is_settled
    assert (done.copied, done.verified) == (4, 4)
    assert "4 blobs" in told[-1]
    shutil.copy(data / "catalog.db", new / "catalog.db")
    assert await inspect(new, read=True) == ([], 0)


async def test_secrets_and_journal_come_along(data: Path, tmp_path: Path) -> None:
    new, key = tmp_path / "new", data / "secrets" / "master.keys"
    key.parent.mkdir(exist_ok=True)
    key.write_bytes(b"a key")
    await migrate_stopped(settings_of(data), {"to": str(new)}, print)
    assert (new / "secrets" / "master.keys").read_bytes() == b"a key"
    assert not (new / "secrets" / "uploads.key").exists()
    lines = [path.read_bytes() for path in sorted((data / "journal").glob("*.jsonl"))]
    copied = [path.read_bytes() for path in sorted((new / "journal").glob("*.jsonl"))]
    assert b"".join(copied) == b"".join(lines) != b""
    await migrate_stopped(settings_of(data), {"to": str(new)}, print)
    again = [path.read_bytes() for path in sorted((new / "journal").glob("*.jsonl"))]
    assert again == copied
    (new / "secrets" / "master.keys").write_bytes(b"another key")
    with pytest.raises(Fault, match=r"master\.keys of its own"):
        await migrate_stopped(settings_of(data), {"to": str(new)}, print)


async def test_not_to_where_they_are(data: Path) -> None:
    with pytest.raises(Fault, match="already"):
        await migrate_stopped(settings_of(data), {"to": f"{data}/../data"}, print)


async def test_not_while_a_server_runs(data: Path, tmp_path: Path) -> None:
    lock = DataDirectory(data)
    try:
        with pytest.raises(DirectoryBusy):
            await migrate_stopped(settings_of(data), {"to": str(tmp_path / "new")}, print)
    finally:
        lock.close()


async def test_not_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no registry"):
        await migrate_stopped(settings_of(tmp_path), {"to": str(tmp_path / "new")}, print)
