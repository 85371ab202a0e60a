"""Files: what lies where, what is passed over, and who may read it."""

import stat
from pathlib import Path

import pytest

from entrepot.adapters.blobs import fs
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStore
from tests.adapters.blobs.bodies import Views, begin, blob_of, put, read, upload_id

DIGEST = Digest.of(b"bytes")
HEX = DIGEST.encoded


@pytest.fixture
async def store(tmp_path: Path) -> BlobStore:
    return await fs.open_store(tmp_path)


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


async def test_the_tree_is_as_drawn(store: BlobStore, tmp_path: Path) -> None:
    upload = await begin(store, 0xABC, b"bytes")
    assert tree(tmp_path) == {f"uploads/{0xABC:032x}"}
    await upload.commit(blob_of(b"bytes", generation=7))
    long = blob_of(b"bytes", "sha512", generation=8)
    await (await begin(store, 1, b"bytes")).commit(long)
    assert tree(tmp_path) == {
        f"blobs/sha256/{HEX[:2]}/{HEX}.7",
        f"blobs/sha512/{long.digest.encoded[:2]}/{long.digest.encoded}.8",
    }


async def test_only_its_own_user_may_read(store: BlobStore, tmp_path: Path) -> None:
    await put(store, b"bytes", 1)
    await begin(store, 2, b"bytes")
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_no_path_is_too_deep(tmp_path: Path) -> None:
    store = await fs.open_store(tmp_path / "some" / "where" / "else")
    assert await read(store, await put(store, b"bytes")) == b"bytes"


async def test_a_relative_root_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = await fs.open_store(Path("store"))
    monkeypatch.chdir("/")
    assert await read(store, await put(store, b"bytes")) == b"bytes"
    assert (tmp_path / "store" / "blobs").is_dir()


FOREIGN_BLOBS = [
    f"sha256/{HEX[:2]}/{HEX}",
    f"sha256/{HEX[:2]}/{HEX}.",
    f"sha256/{HEX[:2]}/{HEX}.x",
    f"sha256/{HEX[:2]}/{HEX}.01",
    f"sha256/{HEX[:2]}/{HEX}.-1",
    f"sha256/{HEX[:2]}/{HEX}.1.tmp",
    f"sha256/{HEX[:2]}/{HEX[:-1]}.1",
    f"sha256/{HEX[:2]}/{HEX.upper()}.1",
    f"sha256/{HEX[:2]}/.{HEX}.1",
    f"sha256/00/{HEX}.1",
    f"sha256/{HEX[:3]}/{HEX}.1",
    f"sha256/{HEX}.1",
    f"sha512/{HEX[:2]}/{HEX}.1",
    f"md5/{HEX[:2]}/{HEX}.1",
    f"{HEX}.1",
    "lost+found/x",
]


@pytest.mark.parametrize("name", FOREIGN_BLOBS)
async def test_foreign_files_are_passed_over(store: BlobStore, tmp_path: Path, name: str) -> None:
    path = tmp_path / "blobs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"bytes")
    assert [blob async for blob in store.scan()] == []
    assert path.read_bytes() == b"bytes"


async def test_what_is_not_an_ordinary_file(store: BlobStore, tmp_path: Path) -> None:
    shard = tmp_path / "blobs" / "sha256" / HEX[:2]
    shard.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"bytes")
    (shard / f"{HEX}.1").symlink_to(secret)
    (shard / f"{HEX}.2").mkdir()
    (tmp_path / "uploads" / upload_id(1)).symlink_to(secret)
    (tmp_path / "uploads" / upload_id(2)).mkdir()
    (tmp_path / "uploads" / "notes.txt").write_bytes(b"")
    assert [blob async for blob in store.scan()] == []
    assert [upload async for upload in store.scan_uploads()] == []
    for generation in (1, 2):
        blob = blob_of(b"bytes", generation=generation)
        assert await store.stat(blob) is None
        with pytest.raises(FileNotFoundError):
            await store.open(blob)
    with pytest.raises(OSError):
        await store.resume(upload_id(1))
    assert secret.read_bytes() == b"bytes"


async def test_a_scan_of_more_than_a_page(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.adapters.blobs.fs.scanning.SCAN_PAGE_MAX", 7)
    shard = tmp_path / "blobs" / "sha256" / HEX[:2]
    shard.mkdir()
    for generation in range(50):
        (shard / f"{HEX}.{generation}").touch()
        (shard / f"foreign.{generation}").touch()
    found = [blob.generation async for blob in store.scan()]
    assert sorted(found) == list(range(50))


async def test_a_shard_that_goes_away_while_scanning(store: BlobStore, tmp_path: Path) -> None:
    for number in range(20):
        await put(store, b"%d" % number, number)
    found = 0
    async for blob in store.scan():
        found += 1
        await store.delete(blob)
        for shard in (tmp_path / "blobs" / "sha256").iterdir():
            if not any(shard.iterdir()):
                shard.rmdir()
    assert found == 20
    assert await read(store, await put(store, b"7", 100)) == b"7"


async def test_the_old_name_of_a_committed_blob_is_never_written_to(
    store: BlobStore, tmp_path: Path
) -> None:
    blob = await put(store, b"bytes", 1)
    (file,) = (tmp_path / "blobs").glob("*/*/*")
    (tmp_path / "uploads" / upload_id(1)).hardlink_to(file)
    again = await fs.open_store(tmp_path)
    assert await again.resume(upload_id(1)) is None
    assert [upload async for upload in again.scan_uploads()] == []
    upload = await again.begin(upload_id(1))
    await upload.append(Views(b"other"))
    assert await read(again, blob) == b"bytes"
    await again.close()
