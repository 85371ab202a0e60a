"""Names that one process has, by advisory locks."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.catalog.postgres import PostgresHolder, holding
from entrepot.adapters.catalog.postgres.connecting import HOLDING, connect
from entrepot.ports.catalog import Busy
from tests.adapters.catalog.databases import outcome
from tests.servers.faults import PostgresProxy

END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def two(postgres_url: str) -> AsyncIterator[tuple[PostgresHolder, PostgresHolder]]:
    """Holders of two replicas."""
    holders = PostgresHolder(postgres_url), PostgresHolder(postgres_url)
    yield holders
    for holder in holders:
        await holder.close()


async def is_free(holder: PostgresHolder, name: str) -> bool:
    try:
        async with holder.hold(name):
            return True
    except BlockingIOError:
        return False


async def test_a_name_is_held_once_in_the_fleet(two: tuple[PostgresHolder, ...]) -> None:
    one, other = two
    async with one.hold("a"):
        assert not await is_free(one, "a")
        assert not await is_free(other, "a")
        assert await is_free(other, "b")
    assert await is_free(other, "a")
    assert await is_free(one, "a")


async def test_many_at_once_get_it_one_after_another(two: tuple[PostgresHolder, ...]) -> None:
    inside = most = entered = 0

    async def enter(holder: PostgresHolder) -> None:
        nonlocal inside, most, entered
        while True:
            try:
                async with holder.hold("a"):
                    inside += 1
                    most = max(most, inside)
                    await asyncio.sleep(0)
                    inside -= 1
                    entered += 1
                    return
            except BlockingIOError:
                await asyncio.sleep(0)

    await asyncio.gather(*(enter(two[number % 2]) for number in range(20)))
    assert (most, entered) == (1, 20)


async def test_who_is_cut_off_loses_it_and_is_told(
    two: tuple[PostgresHolder, ...], postgres_url: str
) -> None:
    one, other = two
    async with one.hold("a") as held:
        raw = await connect(postgres_url, HOLDING)
        await raw.fetch(END_ALL)
        await raw.close(timeout=5)
        assert await is_free(other, "a")
        assert await is_free(one, "b")  # by a new connection
        await asyncio.wait_for(held.lost(), 5)
        async with other.hold("a"):
            pass
    assert await is_free(one, "a")


async def test_who_waits_while_a_connection_breaks_holds_what_it_gets(
    two: tuple[PostgresHolder, ...], postgres_url: str
) -> None:
    one, other = two
    assert await is_free(one, "x")  # it has a connection now
    raw = await connect(postgres_url, HOLDING)
    await raw.fetch(END_ALL)
    await raw.close(timeout=5)

    async def hold(name: str) -> bool:
        async with one.hold(name):
            return not await is_free(other, name)

    assert all(await asyncio.gather(hold("a"), hold("b"), hold("c")))
    assert all([await is_free(other, name) for name in "abc"])


async def end_all(postgres_url: str) -> None:
    raw = await connect(postgres_url, HOLDING)
    await raw.fetch(END_ALL)
    await raw.close(timeout=5)


async def test_who_is_cut_off_is_told_at_once(
    two: tuple[PostgresHolder, ...], postgres_url: str
) -> None:
    one, _ = two
    async with one.hold("a") as held:
        await end_all(postgres_url)
        # Long before the next beat: another one may have it already.
        await asyncio.wait_for(held.lost(), holding.BEAT_SECONDS / 3)


async def test_catalogs_of_one_database_do_not_hold_for_one_another(postgres_url: str) -> None:
    raw = await connect(postgres_url, HOLDING)
    await raw.execute("CREATE SCHEMA second")
    await raw.close(timeout=5)
    first = PostgresHolder(postgres_url)
    second, third = (PostgresHolder(f"{postgres_url}?search_path=second") for _ in "ab")
    try:
        async with first.hold("duty journal"), second.hold("duty journal"):
            assert not await is_free(third, "duty journal")
        assert await is_free(third, "duty journal")
    finally:
        for each in (first, second, third):
            await each.close()


async def test_one_that_is_cancelled_takes_nothing_from_the_others(
    postgres_url: str, proxy: PostgresProxy, proxy_url: str
) -> None:
    one, other = PostgresHolder(proxy_url), PostgresHolder(postgres_url)
    try:
        async with one.hold("kept") as held:
            proxy.weather.delay_seconds = 0.05
            asking = asyncio.ensure_future(is_free(one, "asked"))
            while not one._turn.locked():
                await asyncio.sleep(0)
            asking.cancel()  # the question is on its way
            await asyncio.wait({asking})
            assert asking.cancelled()
            assert not held.gone.is_set()
            assert not await is_free(other, "kept")
            assert await is_free(other, "asked")
    finally:
        await one.close()
        await other.close()


async def test_nobody_queues_for_longer_than_the_patience(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "PATIENCE_SECONDS", 0.2)
    one = PostgresHolder(postgres_url)
    try:
        async with one._turn:  # as if somebody had to do with a server that does not answer
            failed = await asyncio.wait_for(outcome(is_free(one, "a")), 5)
        assert isinstance(failed, Busy)
        assert await is_free(one, "a")
    finally:
        await one.close()
