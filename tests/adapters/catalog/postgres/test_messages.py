"""What goes in one message: writes that wait, and reads of several at once."""

import asyncio
import math

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.catalog.pushes import Log, Logged, Shop, fill, image, open_shop
from entrepot.adapters.catalog.postgres import open_postgres
from entrepot.adapters.catalog.postgres.calling import CALL_MAX_BYTES, fits, literal
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.adapters.catalog.postgres.connecting import WRITING, Purpose, connect, connect_again
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, Event
from tests.adapters.catalog.databases import outcome
from tests.adapters.catalog.rows import NAME, NOW, note, notes

APP = RepositoryName("library/app")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SIGNS = st.text("'\\\"$:;%-/*\nEUx&")
FIGURES = st.integers(-(1 << 63), (1 << 63) - 1)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """All messages of connections that write, from now on."""
    made = Log()

    async def logged(url: str, purpose: Purpose) -> Logged:
        return Logged(await connect_again(url, purpose), made)

    monkeypatch.setattr("entrepot.adapters.catalog.postgres.writing.connect_again", logged)
    return made


async def test_the_round_trips_of_a_push(postgres_url: str, log: Log) -> None:
    # Whoever adds one makes all pushes of a fleet slower by it (ADR 0023).
    took: dict[str, int] = {}
    async with open_shop(postgres_url) as shop:
        await fill(shop, APP)
        for number in range(2):
            for kind in ("manifest", "layer", "tag", "again"):
                log.messages.clear()
                await _push(shop, kind, number)
                took[kind] = len(log.messages)
    assert took == {"manifest": 10, "layer": 9, "tag": 4, "again": 4}


async def _push(shop: Shop, kind: str, number: int) -> None:
    if kind == "layer":
        await shop.layer(APP, f"one more {number}".encode())
    elif kind == "manifest":
        await shop.manifest(APP, image(f"{number}"), f"v{number}")
    elif kind == "tag":
        await shop.manifest(APP, image("0"), f"other-{number}")
    else:
        await shop.manifest(APP, image(f"{number}"), "latest")


async def test_a_batch_takes_one_message_for_each_block(postgres_url: str, log: Log) -> None:
    catalog = await open_postgres(postgres_url)
    await note(catalog, "warm")
    log.messages.clear()
    texts = [f"{number}" for number in range(20)]
    assert await asyncio.gather(*(note(catalog, text) for text in texts)) == texts
    # The first one begins it; what the last one does goes with the COMMIT.
    assert len(log.messages) == 1 + len(texts)
    assert await notes(catalog) == ["warm", *texts]
    await catalog.close()


async def test_what_waits_is_done_before_what_asks(truth: PostgresCatalog) -> None:
    async with truth.begin(write=True) as tx:
        for number in range(3):
            await tx.outbox.append(Event("note", NAME, f"{number}", NOW))
            assert len(await tx.outbox.after(0, 10)) == number + 1
            found, missing = await tx.together(
                tx.outbox.after(0, 10), tx.accounts.find(f"{number}")
            )
            assert (len(found), missing) == (number + 1, None)


@pytest.mark.parametrize("count", [1, 3, 40])
async def test_more_than_a_message_holds(truth: PostgresCatalog, count: int) -> None:
    sizes = [CALL_MAX_BYTES // 3, CALL_MAX_BYTES - 200, CALL_MAX_BYTES + 1]
    texts = [f"{number}".ljust(sizes[number % 3], "'") for number in range(count)]
    async with truth.begin(write=True) as tx:
        for text in texts:
            await tx.outbox.append(Event("note", NAME, text, NOW))
    assert await notes(truth) == texts
    assert not fits([texts[0], b"x" * CALL_MAX_BYTES])


async def test_what_cannot_be_said_undoes_its_block_alone(truth: PostgresCatalog) -> None:
    async def write(text: str, at: object = NOW) -> str:
        async with truth.begin(write=True) as tx:
            await tx.outbox.append(Event("note", NAME, f"{text} first", NOW))
            await tx.outbox.append(Event("note", NAME, text, at))  # type: ignore[arg-type]
        return text

    work = (write("one"), write("\ud800"), write("two", at=(1,)), write("three", at="soon"))
    told = await asyncio.gather(*work, note(truth, "four"), return_exceptions=True)
    assert [type(one) for one in told[1:4]] == [
        UnicodeEncodeError,
        TypeError,
        asyncpg.InvalidTextRepresentationError,
    ]
    assert await notes(truth) == ["one first", "one", "four"]


async def test_what_writes_cannot_be_done_together(truth: PostgresCatalog) -> None:
    await note(truth, "before")

    async def write(catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            event = Event("note", NAME, "never", NOW)
            await tx.together(tx.accounts.find("a"), tx.outbox.append(event))

    async def wait(catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.together(tx.accounts.find("a"), asyncio.sleep(0.001))

    assert "together" in str(await outcome(write(truth)))
    assert "together" in str(await outcome(wait(truth)))
    await note(truth, "after")
    assert await notes(truth) == ["before", "after"]


@given(values=st.lists(TEXTS | SIGNS | FIGURES | st.binary() | st.none() | st.floats(), max_size=8))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_literals_are_read_as_what_they_were(postgres_url: str, values: list[object]) -> None:
    kinds = {str: "text", int: "bigint", bytes: "bytea", float: "float8", type(None): "text"}
    columns = ", ".join(f"{literal(value)}::{kinds[type(value)]}" for value in values)

    async def read() -> list[object]:
        raw = await connect(postgres_url, WRITING)
        try:
            return list(await raw.fetchrow(f"SELECT {columns}"))
        finally:
            await raw.close(timeout=5)

    for value, found in zip(values, asyncio.run(read()), strict=True):
        if isinstance(value, float) and math.isnan(value):
            assert isinstance(found, float)
            assert math.isnan(found)
        else:
            assert found == value
            assert type(found) is type(value)


@pytest.mark.parametrize("value", [True, (1,), object()])
def test_other_types_have_no_literal(value: object) -> None:
    with pytest.raises(TypeError, match="no literal"):
        literal(value)
