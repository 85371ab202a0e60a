"""Catalogs copied whole between databases: every table, every number, or nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.catalog.places import reading, writing
from entrepot.adapters.catalog.transfer import (
    Content,
    TransferFailed,
    lasting,
    tables,
    transfer,
)
from tests.adapters.catalog.filling import ROWS, fill
from tests.adapters.catalog.rows import NAME, note, notes, publish

NewDatabase = Callable[[str], str]


async def copy(source: str | Path, target: str | Path) -> dict[str, Content]:
    told: list[tuple[str, int]] = []
    async with reading(source) as moment, writing(target) as made:
        done = await transfer(moment, made, lambda *each: told.append(each))
    assert [name for name, _ in told] == [table.name for table in tables()]
    return done


async def numbers(place: str | Path) -> dict[str, int]:
    async with reading(place) as moment:
        return await moment.numbers()


async def whole(place: str | Path) -> dict[str, Content]:
    """What each table holds, all columns."""
    found = {}
    async with reading(place) as moment:
        for table in tables():
            content = Content()
            async for rows in moment.rows(table, await moment.columns(table.name)):
                content = content.with_rows(rows)
            found[table.name] = content
    return found


async def test_there_and_back(tmp_path: Path, new_database: NewDatabase) -> None:
    first, url, last = tmp_path / "first.db", new_database("template0"), tmp_path / "last.db"
    fill(first)
    await copy(first, url)
    await copy(url, last)
    there = await whole(url)
    assert there == await whole(first) == await whole(last)
    assert all(content.rows == ROWS for content in there.values())
    assert await numbers(first) == await numbers(url) == await numbers(last)
    assert set(await numbers(url)) > {"audit", "outbox", "blobs", "trash", "grants"}
    # Both are catalogs in use, not only rows.
    for place in (url, last):
        catalog = await open_catalog(place)
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "pushed after", tag="v1", blobs=("layer",))
            assert row.id > ROWS
            blob = await tx.blobs.find(row.digest)
            assert blob is not None
            assert blob.generation > (await numbers(first))["blobs"]
            assert await tx.outbox.last() == (await numbers(first))["outbox"]
        await note(catalog, "after")
        await catalog.close()


async def test_from_one_server_to_another_and_from_file_to_file(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    one, other = new_database("template0"), new_database("template0")
    fill(first, rows=2)
    await copy(first, second)
    await copy(second, one)
    await copy(one, other)
    assert await whole(other) == await whole(first)


async def test_nothing_is_written_over(tmp_path: Path, new_database: NewDatabase) -> None:
    first, url = tmp_path / "first.db", new_database("template0")
    fill(first)
    catalog = await open_catalog(url)
    await note(catalog, "mine")
    with pytest.raises(CatalogUnusable, match="holds a catalog already"):
        await copy(first, url)
    assert await notes(catalog) == ["mine"]
    await catalog.close()
    with pytest.raises(FileExistsError):
        await copy(url, first)
    with pytest.raises(FileNotFoundError):
        await copy(tmp_path / "none.db", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("to", ["file", "server"])
async def test_what_was_broken_off_is_begun_anew(
    tmp_path: Path, new_database: NewDatabase, to: str
) -> None:
    first = tmp_path / "first.db"
    fill(first)
    target: str | Path = new_database("template0") if to == "server" else tmp_path / "new.db"
    stops_at = tables()[20].name

    def stop(table: str, rows: int) -> None:
        del rows
        if table == stops_at:
            raise ZeroDivisionError

    async def break_off() -> None:
        async with reading(first) as moment, writing(target) as made:
            await transfer(moment, made, stop)

    with pytest.raises(ZeroDivisionError):
        await break_off()
    if isinstance(target, Path):
        assert not target.exists()
        # As a process leaves it that was killed.
        target.with_name("new.db.copying").write_bytes(b"half")
    await copy(first, target)
    assert await whole(target) == await whole(first)


async def test_a_copy_that_is_not_the_same_is_no_catalog(
    tmp_path: Path, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, url = tmp_path / "first.db", new_database("template0")
    fill(first)
    spoilt = "UPDATE tags SET moved_at = moved_at + 1"

    async def spoil() -> None:
        async with reading(first) as moment, writing(url) as made:
            finish = made.finish

            async def and_spoil(last: dict[str, int]) -> None:
                await finish(last)
                await made._raw.execute(spoilt)  # type: ignore[attr-defined]

            monkeypatch.setattr(type(made), "finish", lambda _, last: and_spoil(last))
            await transfer(moment, made, lambda *_: None)

    with pytest.raises(TransferFailed, match="tags"):
        await spoil()
    raw = await asyncpg.connect(url)
    assert await raw.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await raw.close()


async def test_the_moment_is_one_and_what_changed_since_is_seen(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    first, url = tmp_path / "first.db", new_database("template0")
    fill(first)
    before = await whole(first)

    def interfere(table: str, rows: int) -> None:
        del rows
        if table == "accounts":
            with closing(sqlite3.connect(first)) as raw, raw:
                raw.execute("UPDATE tags SET moved_at = 7")
                raw.execute("UPDATE credentials SET used_at = 7")
                raw.execute("DELETE FROM sweeps")

    async with reading(first) as moment, writing(url) as made:
        copied = await transfer(moment, made, interfere)
    assert await whole(url) == before
    async with reading(first) as moment:
        after = await lasting(moment)
    assert {name for name in after if after[name] != copied[name]} == {"tags", "sweeps"}


async def test_a_text_that_a_server_cannot_store(tmp_path: Path, new_database: NewDatabase) -> None:
    first, url = tmp_path / "first.db", new_database("template0")
    fill(first)
    with closing(sqlite3.connect(first)) as raw, raw:
        raw.execute("UPDATE notes SET text = ?", ("a\0b",))
    with pytest.raises(TransferFailed, match="notes"):
        await copy(first, url)


async def test_an_older_schema_is_brought_up_to_date_first(tmp_path: Path) -> None:
    first = tmp_path / "first.db"
    fill(first)
    with closing(sqlite3.connect(first)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '0003'")
    with pytest.raises(CatalogUnusable, match="0003"):
        await copy(first, tmp_path / "new.db")
