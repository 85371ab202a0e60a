"""Turns at writing: who is paused, cancelled or closing stops nobody else."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.adapters.catalog.postgres.connecting import READING, WRITING
from entrepot.adapters.catalog.postgres.ending import TAKE_TURN
from entrepot.adapters.catalog.postgres.failing import failure_of
from entrepot.adapters.catalog.postgres.pooling import Pool, Reach
from entrepot.ports.catalog import Busy, CatalogFailed, Event
from tests.adapters.catalog.databases import outcome, turns
from tests.adapters.catalog.postgres.conftest import Open
from tests.adapters.catalog.rows import NAME, NOW, note, notes
from tests.servers.faults import PostgresProxy

BRIEF = replace(WRITING, idle_in_transaction_seconds=0.3, lock_seconds=0.5)
PACKAGE = "entrepot.adapters.catalog.postgres"


async def test_a_replica_that_stands_still_stops_the_others_for_a_moment_only(
    truth: PostgresCatalog, postgres_url: str
) -> None:
    paused = PostgresCatalog(postgres_url, BRIEF)
    entered, wakes = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        async with paused.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "never", NOW))
            entered.set()
            await wakes.wait()

    task = asyncio.create_task(outcome(stand_still()))
    await entered.wait()
    before = asyncio.get_running_loop().time()
    await note(truth, "goes on")
    assert asyncio.get_running_loop().time() - before < 2
    wakes.set()
    assert isinstance(await task, Busy)
    assert await notes(truth) == ["goes on"]
    await note(paused, "awake")
    assert await notes(truth) == ["goes on", "awake"]
    await paused.close()


async def test_a_replica_that_is_cut_off_in_silence_is_given_up(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str
) -> None:
    lost = PostgresCatalog(proxy_url, BRIEF)
    await note(lost, "before")

    async def cut_off() -> None:
        async with lost.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "never", NOW))
            proxy.stall()
            before = asyncio.get_running_loop().time()
            await note(truth, "goes on")
            assert asyncio.get_running_loop().time() - before < 2
            proxy.flow()

    assert isinstance(await outcome(cut_off()), Busy)
    assert await notes(truth) == ["before", "goes on"]
    await note(lost, "back")
    await lost.close()


async def test_who_waits_too_long_for_the_lock_is_busy_and_so_are_all_behind(
    truth: PostgresCatalog, postgres_url: str
) -> None:
    waits = PostgresCatalog(postgres_url, BRIEF)
    holder = await asyncpg.connect(postgres_url)
    await holder.execute(f"BEGIN; {TAKE_TURN}")
    before = asyncio.get_running_loop().time()
    told = await asyncio.gather(
        *(note(waits, f"{number}") for number in range(20)), return_exceptions=True
    )
    assert [type(one) for one in told] == [Busy] * 20
    assert asyncio.get_running_loop().time() - before < 3
    assert len({id(one) for one in told}) == 20
    await holder.close()
    await note(waits, "then")
    assert await notes(truth) == ["then"]
    await waits.close()


async def test_who_waits_for_the_turn_keeps_no_old_rows(
    truth: PostgresCatalog, postgres_url: str
) -> None:
    # With a snapshot it would: each version that the one who writes leaves behind.
    await note(truth, "warm")  # else it looks the table up, for which it has a snapshot
    holder = await asyncpg.connect(postgres_url)
    await holder.execute(f"BEGIN; {TAKE_TURN}")
    task = asyncio.create_task(note(truth, "waits"))
    found: list[asyncpg.Record] = []
    while not found:
        await asyncio.sleep(0.01)
        found = await holder.fetch(
            "SELECT backend_xmin, backend_xid FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    assert [tuple(row) for row in found] == [(None, None)]
    await holder.close()
    assert await task == "waits"


async def test_a_turn_is_bounded_in_time(truth: PostgresCatalog, opened: Open) -> None:
    slow = await opened()

    async def work() -> None:
        async with slow.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "slow", NOW))
            await asyncio.sleep(0.1)

    await note(truth, "warm")
    tasks = [asyncio.create_task(work()) for _ in range(30)]
    await asyncio.sleep(0.1)
    await note(truth, "quick")
    assert not tasks[-1].done()
    await asyncio.gather(*tasks)
    assert len(await notes(truth)) == 32


async def test_one_that_is_cancelled_leaves_the_rest_of_the_batch(
    truth: PostgresCatalog, opened: Open
) -> None:
    catalog = await opened()
    ready = asyncio.Event()

    async def cancelled_within() -> None:
        async with catalog.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "undone", NOW))
            ready.set()
            # It is in the middle of a statement.
            for _ in range(10_000):
                await tx.outbox.append(Event("note", NAME, "undone", NOW))

    first = asyncio.create_task(note(catalog, "first"))
    tasks = [asyncio.create_task(cancelled_within()), asyncio.create_task(note(catalog, "last"))]
    await ready.wait()
    tasks[0].cancel()
    assert isinstance(await outcome(tasks[0]), asyncio.CancelledError)
    assert await first == "first"
    assert await tasks[1] == "last"
    assert await notes(truth) == ["first", "last"]


@pytest.mark.parametrize("after", range(12))
async def test_cancelled_at_any_moment(truth: PostgresCatalog, opened: Open, after: int) -> None:
    catalog = await opened()
    texts = [f"{number}" for number in range(6)]
    tasks = {text: asyncio.create_task(note(catalog, text)) for text in texts}
    for _ in range(after):
        await asyncio.sleep(0.001)
    for text in ("0", "3"):
        tasks[text].cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    there = await notes(truth)
    # Who was cancelled may have been done before it heard of it; all others were.
    assert [text for text in there if text not in "03"] == ["1", "2", "4", "5"]
    await note(catalog, "next")
    assert (await notes(truth))[-1] == "next"


async def test_closing_lets_those_finish_who_asked_before(
    truth: PostgresCatalog, postgres_url: str
) -> None:
    catalog = PostgresCatalog(postgres_url)
    tasks = [asyncio.create_task(note(catalog, f"{number}")) for number in range(100)]
    await turns(3)
    await catalog.close()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert told == [f"{number}" for number in range(100)]
    assert await notes(truth) == told
    for work in (note(catalog, "late"), notes(catalog)):
        with pytest.raises(RuntimeError, match="closed"):
            await work


async def test_closing_during_a_batch_commits_it(truth: PostgresCatalog, postgres_url: str) -> None:
    catalog = PostgresCatalog(postgres_url)
    goes_on = asyncio.Event()

    async def one() -> None:
        async with catalog.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "one", NOW))
            await goes_on.wait()

    task = asyncio.create_task(one())
    await turns()
    closing = asyncio.create_task(catalog.close())
    await turns()
    goes_on.set()
    await asyncio.gather(task, closing)
    assert await notes(truth) == ["one"]


async def test_a_pool_that_is_used_up_is_busy(
    truth: PostgresCatalog, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{PACKAGE}.pooling.WAITING_SECONDS", 0.3)
    monkeypatch.setattr(f"{PACKAGE}.pooling.WAITING_MAX", 3)
    pool = Pool(postgres_url, READING, 2, Reach())
    slow = [
        asyncio.create_task(pool.run(lambda raw: raw.fetchval("SELECT 1 FROM pg_sleep(1)")))
        for _ in range(2)
    ]
    await turns()
    told = await asyncio.gather(
        *(pool.run(lambda raw: raw.fetchval("SELECT 2")) for _ in range(5)),
        return_exceptions=True,
    )
    assert [type(one) for one in told] == [Busy] * 5
    assert sorted("in use" in str(one) for one in told) == [False] * 2 + [True] * 3
    assert await asyncio.gather(*slow) == [1, 1]
    assert await pool.run(lambda raw: raw.fetchval("SELECT 3")) == 3
    await pool.close()


async def test_a_pool_serves_in_order_and_survives_cancels(postgres_url: str) -> None:
    pool = Pool(postgres_url, READING, 1, Reach())
    order: list[int] = []

    async def ask(number: int) -> None:
        await pool.run(lambda raw: raw.fetchval("SELECT pg_sleep(0.01)"))
        order.append(number)

    tasks = [asyncio.create_task(ask(number)) for number in range(8)]
    await turns()
    for number in (0, 3, 5):
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [1, 2, 4, 6, 7]
    waiting = [asyncio.create_task(ask(9)) for _ in range(3)]
    await turns()
    await pool.close()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in told[1:]] == [RuntimeError] * 2


@pytest.mark.parametrize(
    "state, kind",
    [
        ("40001", Busy),
        ("40P01", Busy),
        ("55P03", Busy),
        ("57014", Busy),
        ("57P01", Busy),
        ("53300", Busy),
        ("53100", CatalogFailed),
        ("XX001", CatalogFailed),
        ("25006", CatalogFailed),
        ("XX000", CatalogFailed),
        ("58000", CatalogFailed),
    ],
)
async def test_what_the_server_says_is_said_in_the_ports_words(
    truth: PostgresCatalog, postgres_url: str, state: str, kind: type[Exception]
) -> None:
    planted = await asyncpg.connect(postgres_url)
    await planted.execute(
        "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE SQLSTATE '{state}'; END$$"
    )
    await planted.execute(
        "CREATE TRIGGER planted BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION fails()"
    )
    with pytest.raises(kind):
        await note(truth, "refused")
    await planted.execute("DROP TRIGGER planted ON outbox")
    # The same at the COMMIT.
    await planted.execute(
        "CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION fails()"
    )
    with pytest.raises(kind):
        await note(truth, "refused too")
    await planted.execute("DROP TRIGGER planted ON outbox")
    await planted.close()
    assert await notes(truth) == []
    await note(truth, "taken")
    assert await truth.trouble() is None


async def test_two_that_wait_for_each_other(truth: PostgresCatalog, postgres_url: str) -> None:
    # Somebody works on the tables by hand, against the order in which we do.
    other = await asyncpg.connect(postgres_url)
    await other.execute("SET deadlock_timeout = '10s'")
    await note(truth, "one")
    await other.execute("BEGIN")
    await other.execute("LOCK TABLE outbox IN EXCLUSIVE MODE")
    task = asyncio.create_task(outcome(note(truth, "two")))
    await asyncio.sleep(0.2)
    locked = asyncio.create_task(outcome(other.execute(TAKE_TURN)))
    assert isinstance(await task, Busy)
    await locked
    await other.close()
    await note(truth, "three")
    assert await notes(truth) == ["one", "three"]


def test_a_mistake_of_ours_is_no_broken_connection() -> None:
    assert failure_of(asyncpg.DataError("invalid input for query argument $1")) is None
    assert failure_of(ValueError("x")) is None


async def test_a_value_that_cannot_be_stored_undoes_its_own_block_only(
    truth: PostgresCatalog,
) -> None:
    async def too_large() -> None:
        async with truth.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, "undone", NOW))
            await tx.outbox.skip_to(1 << 70)

    told = await asyncio.gather(
        note(truth, "one"), too_large(), note(truth, "two"), return_exceptions=True
    )
    assert list(told[0::2]) == ["one", "two"]
    assert "int64" in str(told[1])
    assert not isinstance(told[1], Busy | CatalogFailed)
    assert await notes(truth) == ["one", "two"]


async def test_a_database_whose_transactions_see_one_moment_by_default(
    opened: Open, postgres_url: str
) -> None:
    by_hand = await asyncpg.connect(postgres_url)
    name = await by_hand.fetchval("SELECT current_database()")
    await by_hand.execute(
        f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'"
    )
    await by_hand.close()
    catalogs = [await opened() for _ in range(3)]
    texts = [f"{number}" for number in range(60)]
    await asyncio.gather(*(note(catalogs[int(text) % 3], text) for text in texts))
    assert sorted(await notes(catalogs[0])) == sorted(texts)
