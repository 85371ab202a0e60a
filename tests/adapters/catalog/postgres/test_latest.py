"""`latest` over the fleet: what another was acknowledged counts."""

import asyncio

import pytest

from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.ports.catalog import Busy
from tests.adapters.catalog.databases import outcome
from tests.adapters.catalog.postgres.conftest import Open
from tests.adapters.catalog.rows import note, notes
from tests.servers.faults import PostgresProxy
from tests.servers.postgres import Postgres

COMMITS = 1500


async def test_an_acknowledged_commit_of_another_is_another_number(opened: Open) -> None:
    writes, looks = await opened(), await opened()
    seen = await looks.latest()
    for number in range(COMMITS):
        await note(writes, f"{number}")
        now = await looks.latest()
        assert now != seen
        seen = now


async def test_the_same_number_the_same_rows(opened: Open) -> None:
    writers = [await opened() for _ in range(2)]
    readers = [await opened() for _ in range(2)]
    stop = asyncio.Event()

    async def write(catalog: PostgresCatalog) -> None:
        while not stop.is_set():
            await note(catalog, "x")

    async def read(catalog: PostgresCatalog) -> int:
        same = 0
        for _ in range(300):
            before = await catalog.latest()
            first = len(await notes(catalog))
            second = len(await notes(catalog))
            if await catalog.latest() == before:
                assert first == second
                same += 1
        return same

    writing = [asyncio.create_task(write(catalog)) for catalog in writers]
    await asyncio.gather(*(read(catalog) for catalog in readers))
    stop.set()
    await asyncio.gather(*writing)
    # And when nobody writes, little seems to change: the server's own upkeep.
    assert await read(readers[0]) > 200


async def test_all_that_ask_at_once_are_told_together(opened: Open) -> None:
    catalog, other = await opened(), await opened()

    async def ask() -> tuple[int, int]:
        written = int((await notes(other))[-1])
        await catalog.latest()
        return written, int((await notes(catalog))[-1])

    await note(other, "0")
    for number in range(1, 40):
        asked = [asyncio.create_task(ask()) for _ in range(8)]
        await note(other, f"{number}")
        asked += [asyncio.create_task(ask()) for _ in range(8)]
        for written, seen in await asyncio.gather(*asked):
            assert seen >= written


async def test_a_new_connection_is_a_new_number(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str
) -> None:
    # Behind it may be another server, which gives the same numbers to other transactions.
    catalog = PostgresCatalog(proxy_url)
    await catalog.open()
    before = await catalog.latest()
    assert await catalog.latest() == before
    proxy.cut()
    assert await catalog.latest() != before
    await catalog.close()


async def test_whoever_asks_when_it_closes_is_told_so(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str
) -> None:
    catalog = PostgresCatalog(proxy_url)
    await catalog.open()
    proxy.stall()
    asked = [asyncio.create_task(outcome(catalog.latest())) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(outcome(catalog.latest())))
    await asyncio.sleep(0)
    closing = asyncio.create_task(catalog.close())
    for each in asked:
        assert "closed" in str(await each)
    proxy.flow()
    await closing
    with pytest.raises(RuntimeError, match="closed"):
        await catalog.latest()


async def test_a_server_that_is_away_is_busy(
    truth: PostgresCatalog,
    proxy: PostgresProxy,
    proxy_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("entrepot.adapters.catalog.postgres.catalog.TROUBLE_SECONDS", 0.3)
    catalog = PostgresCatalog(proxy_url)
    await catalog.open()
    number = catalog.version()
    proxy.weather.refuse = True
    proxy.cut()
    said = await catalog.trouble()
    assert said is not None
    assert "does not answer" in said
    assert catalog.version() == number
    proxy.weather.refuse = False
    assert await catalog.latest() > number
    assert await catalog.trouble() is None
    await catalog.close()


async def test_what_it_never_says(postgres: Postgres, postgres_url: str) -> None:
    wrong = postgres_url.replace(postgres.password, "hunter2")
    failed = await outcome(PostgresCatalog(wrong).latest())
    assert "refuses the password" in str(failed)
    assert "hunter2" not in repr(failed)
    assert not isinstance(failed, Busy)
