"""One directory, several processes: who holds an upload, and what is read again."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot.adapters.blobs.fs import Retired, UploadLocks, UploadTurns, open_store
from entrepot.adapters.blobs.held import HeldStore
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from tests.adapters.blobs.bodies import Views

ID = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32

HOLDER = """
import sys
from pathlib import Path
from entrepot.adapters.blobs.fs import UploadLocks
locks = UploadLocks(Path(sys.argv[1]))
locks.take(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@dataclass
class Pair:
    """Two stores on one directory, as two processes have them; locks do not part them here."""

    one: HeldStore
    two: HeldStore


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        made = []
        for number in range(2):
            store = await open_store(tmp_path)
            locks = UploadLocks(tmp_path / f"lock{number}")
            turns = UploadTurns(store, locks, Retired(tmp_path / "retired"))
            stack.callback(turns.close)
            stack.push_async_callback(store.close)
            made.append(HeldStore(store, turns))
        yield Pair(*made)


def another(lock: Path) -> subprocess.Popen[bytes]:
    """Start a process that holds the upload."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock, ID], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


async def add(store: HeldStore, data: bytes) -> Digest:
    """Append as a request does, and return the digest of all there is."""
    async with store.hold(ID):
        upload = await store.resume(ID) or await store.begin(ID)
        await upload.append(Views(data))
        return await upload.digest("sha256")


async def test_each_goes_on_where_the_other_stopped(pair: Pair) -> None:
    whole = b""
    for number, store in enumerate((pair.one, pair.one, pair.two, pair.one, pair.two, pair.two)):
        data = bytes([number]) * 50_000
        whole += data
        assert await add(store, data) == Digest.of(whole)


async def test_the_running_hash_is_kept_while_nobody_else_was_there(pair: Pair) -> None:
    await add(pair.one, b"abc")
    async with pair.one.hold(ID):
        first = await pair.one.resume(ID)
    async with pair.one.hold(ID):
        assert await pair.one.resume(ID) is first
    await add(pair.two, b"def")
    async with pair.one.hold(ID):
        again = await pair.one.resume(ID)
        assert again is not first
        assert again is not None
        assert again.offset == 6


async def test_bytes_of_a_process_that_died_are_seen(pair: Pair, tmp_path: Path) -> None:
    await add(pair.one, b"abc")
    with (tmp_path / "uploads" / ID).open("ab") as file:
        file.write(b"def")
    assert await add(pair.one, b"g") == Digest.of(b"abcdefg")


async def test_what_the_other_committed_is_gone(pair: Pair) -> None:
    digest = await add(pair.one, b"abc")
    await add(pair.two, b"")
    async with pair.two.hold(ID):
        upload = await pair.two.resume(ID)
        assert upload is not None
        await upload.commit(Blob(digest, 1))
    async with pair.one.hold(ID):
        assert await pair.one.resume(ID) is None
        await pair.one.begin(ID)
    assert await pair.one.stat(Blob(digest, 1)) == 3


async def test_one_that_was_begun_anew_is_another(pair: Pair) -> None:
    await add(pair.one, b"abc")
    async with pair.two.hold(ID):
        upload = await pair.two.resume(ID)
        assert upload is not None
        await upload.abort()
    await add(pair.two, b"xyz")
    assert await add(pair.one, b"!") == Digest.of(b"xyz!")


async def test_nothing_is_remembered_of_bytes_that_are_not_on_the_disk(pair: Pair) -> None:
    async with pair.one.hold(ID):
        upload = await pair.one.begin(ID)
        await upload.append(Views(b"abc"), durable=False)
    async with pair.one.hold(ID):
        assert await pair.one.resume(ID) is None


async def test_a_process_holds_against_itself_and_the_others(pair: Pair, tmp_path: Path) -> None:
    async with pair.one.hold(ID):
        with pytest.raises(BlockingIOError):
            async with pair.one.hold(ID):
                pass
        async with pair.one.hold(OTHER):
            pass
    async with pair.one.hold("no upload's id"), pair.one.hold("no upload's id"):
        pass  # which is told in other words
    with another(tmp_path / "lock0") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            async with pair.one.hold(ID):
                pass
        async with pair.one.hold(OTHER):
            pass
        holder.kill()
    async with pair.one.hold(ID):
        pass


async def test_retired_ids_are_known_to_all(pair: Pair, tmp_path: Path) -> None:
    assert not pair.two.is_retired(ID)
    pair.one.retire(ID)
    assert pair.two.is_retired(ID)
    assert not pair.two.is_retired(OTHER)
    later = Retired(tmp_path / "retired")
    assert ID in later
    later.close()


async def test_what_cannot_be_looked_at_is_let_go_of(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(pair.one, b"abc")

    def fail(_: object) -> None:
        raise OSError("the medium failed")

    with monkeypatch.context() as patch:
        patch.setattr("os.lstat", fail)
        with pytest.raises(OSError, match="the medium failed"):
            await add(pair.one, b"def")
    assert await add(pair.one, b"def") == Digest.of(b"abcdef")
