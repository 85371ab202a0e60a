"""A snapshot is of one moment, whoever writes meanwhile."""

import asyncio
from pathlib import Path

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.snapshot import snapshot
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event

NAME = RepositoryName("library/app")
ROWS = 50


async def test_it_has_transactions_whole_or_not_at_all(tmp_path: Path) -> None:
    catalog = await open_catalog(tmp_path / "catalog.db")
    done = False

    async def write() -> None:
        while not done:
            async with catalog.begin(write=True) as tx:
                for number in range(ROWS):
                    await tx.outbox.append(Event("k", NAME, "{}", float(number)))

    writing = asyncio.create_task(write())
    counts = []
    for number in range(5):
        copy = tmp_path / f"{number}.db"
        await snapshot(tmp_path / "catalog.db", copy)
        taken = await open_catalog(copy)
        async with taken.begin() as tx:
            counts.append(len(await tx.outbox.after(0, 1 << 30)))
        await taken.close()
    done = True
    await writing
    await catalog.close()
    assert [count % ROWS for count in counts] == [0] * 5
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


async def test_one_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"earlier")
    with pytest.raises(Exception, match="cannot be opened"):
        await snapshot(tmp_path / "nothing.db", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == b"earlier"
