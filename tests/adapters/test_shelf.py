"""The directory of a backup: complete or marked as not, and never somebody else's."""

from pathlib import Path

import pytest

from entrepot.adapters.shelf import COMPLETE, PARTIAL, DirectoryShelf
from entrepot.oci.errors import Fault


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with keys, certificates and a journal."""
    for name in ("secrets/key", "secrets/.key.new", "tls/acme/certificate.pem", "journal/1.jsonl"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "data"


async def made(data: Path, target: Path) -> DirectoryShelf:
    shelf = DirectoryShelf(data, target)
    await shelf.begin()
    await shelf.keep()
    Path(shelf.catalog).write_bytes(b"catalog")
    return shelf


async def test_it_is_complete_only_at_the_end(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    shelf = await made(data, target)
    with pytest.raises(Fault):
        await shelf.check()
    await shelf.finish({"blobs": 1})
    assert await shelf.check() == []
    await shelf.begin()
    assert ((target / PARTIAL).exists(), (target / COMPLETE).exists()) == (True, False)
    with pytest.raises(Fault):
        await shelf.check()


async def test_keys_come_along_whole_and_stay_private(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    await made(data, target)
    assert (target / "tls/acme/certificate.pem").read_text() == "tls/acme/certificate.pem"
    assert (target / "secrets/key").stat().st_mode & 0o077 == 0
    assert not (target / "secrets/.key.new").exists()


async def test_a_second_time_it_has_what_there_is_then(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    await made(data, target)
    (data / "secrets/key").write_text("another")
    (data / "journal/1.jsonl").write_text("journal/1.jsonl and more")
    (data / "tls/acme/certificate.pem").unlink()
    await made(data, target)
    assert (target / "secrets/key").read_text() == "another"
    assert (target / "journal/1.jsonl").read_text() == "journal/1.jsonl and more"
    assert not (target / "tls/acme/certificate.pem").exists()


@pytest.mark.parametrize("name", ["secrets/key", "catalog.db", "journal/1.jsonl"])
@pytest.mark.parametrize("is_lost", [True, False])
async def test_what_changed_is_named(data: Path, tmp_path: Path, name: str, is_lost: bool) -> None:
    target = tmp_path / "backup"
    shelf = await made(data, target)
    await shelf.finish({})
    if is_lost and name != "catalog.db":
        (target / name).unlink()
    else:
        (target / name).write_bytes(b"")
    assert await shelf.check() == [name]
