"""kill -9 while many write: what was acknowledged is there, and nothing by halves."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.adapters.catalog import open_catalog
from tests.adapters.catalog.rows import NAME

ROUNDS = 4
ACKNOWLEDGED_MIN = 300

# Each transaction writes a pair; a writer says a number once its pair is durable.
PROGRAM = """
import asyncio, os, sys
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event

async def write(catalog, lane):
    number = 0
    while True:
        text = f"{sys.argv[2]}-{lane}-{number}"
        async with catalog.begin(write=True) as tx:
            for half in ("first", "second"):
                await tx.outbox.append(Event(half, RepositoryName("acme/api"), text, 0.0))
        os.write(1, text.encode() + b"\\n")
        number += 1

async def main():
    catalog = await open_catalog(sys.argv[1])
    await asyncio.gather(*(write(catalog, lane) for lane in range(8)))

asyncio.run(main())
"""


@pytest.mark.crash
async def test_what_was_acknowledged_survives(tmp_path: Path) -> None:
    place = tmp_path / "catalog.db"
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        acknowledged += _round(place, number)
        catalog = await open_catalog(place)
        async with catalog.begin() as tx:
            assert await tx.repositories.find(NAME) is None
            events = await tx.outbox.after(0, 10_000_000)
        await catalog.close()
        firsts = {event.payload for event in events if event.kind == "first"}
        seconds = {event.payload for event in events if event.kind == "second"}
        assert firsts == seconds
        assert set(acknowledged) <= firsts
    raw = sqlite3.connect(place)
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def _round(place: Path, number: int) -> list[str]:
    """Let a process write, kill it in the middle, and return what it said."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(place), str(number)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(ACKNOWLEDGED_MIN)]
    child.send_signal(signal.SIGKILL)
    said += child.stdout.readlines()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    return [line.decode().strip() for line in said if line.endswith(b"\n")]
