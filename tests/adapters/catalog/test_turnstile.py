"""Processes that write to one catalog: each gets its turn."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.adapters.catalog import busy, open_catalog, turnstile
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Busy

WRITER = """
import asyncio, sys
from pathlib import Path
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.name import RepositoryName

async def main(home, name, count):
    catalog = await open_catalog(home / "catalog.db", turnstile=home / "turns", joins=True)
    print("open", flush=True)
    sys.stdin.readline()

    async def write(lane):
        for number in range(count // 4):
            async with catalog.begin(write=True) as tx:
                await tx.repositories.ensure(RepositoryName(f"{name}/{lane}/{number}"), 1.0)

    await asyncio.gather(*map(write, range(4)))
    await catalog.close()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def said(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


async def test_writers_of_three_processes_all_finish(tmp_path: Path) -> None:
    """Each writes without a pause; none of them is ever told that the catalog is busy."""
    catalog = await open_catalog(tmp_path / "catalog.db", turnstile=tmp_path / "turns")
    processes = [start(WRITER, tmp_path, name, 200) for name in ("a", "b", "c")]
    for process in processes:
        assert said(process) == b"open\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for number in range(100):
        async with catalog.begin(write=True) as tx:
            await tx.repositories.ensure(RepositoryName(f"d/{number}"), 1.0)
    for process in processes:
        with process:
            assert await asyncio.to_thread(process.wait) == 0
    names = [f"{name}/{lane}/{n}" for name in "abc" for lane in range(4) for n in range(50)]
    async with catalog.begin() as tx:
        for name in (*names, *(f"d/{n}" for n in range(100))):
            assert await tx.repositories.find(RepositoryName(name)), name
    await catalog.close()


async def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile, "PATIENCE_SECONDS", 0.01)
    turns = turnstile.Turnstile(tmp_path / "turns")
    holder = start(HOLDER, tmp_path / "turns")
    with holder:
        assert said(holder) == b"held\n"
        with pytest.raises(Busy, match="other processes"):
            await turns(lambda: None)
        holder.kill()
    assert await turns(lambda: 7) == 7
    turns.close()


async def test_nobody_else_is_let_in_while_one_waits_for_the_lock(tmp_path: Path) -> None:
    turns = turnstile.Turnstile(tmp_path / "turns")
    found: list[bytes] = []

    def begin() -> None:
        probe = (
            "import fcntl,sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX|fcntl.LOCK_NB)"
        )
        process = subprocess.run(
            [sys.executable, "-c", probe, tmp_path / "turns"], capture_output=True, check=False
        )
        found.append(process.stderr)

    await turns(begin)
    assert b"BlockingIOError" in found[0]
    turns.close()


def test_pauses_are_short(tmp_path: Path) -> None:
    assert turnstile.PAUSE_MAX_SECONDS < busy.PAUSE_MAX_SECONDS / 10
