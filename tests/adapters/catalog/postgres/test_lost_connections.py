"""A connection is cut at each step: what the caller is told is the truth."""

import asyncio

import pytest

from entrepot.adapters.catalog.postgres import pooling
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Busy, CatalogFailed
from tests.adapters.catalog.databases import outcome
from tests.adapters.catalog.rows import note, notes, publish
from tests.servers.faults import Cut, PostgresProxy, When, says

STEPS_MAX = 400
"""More messages than any transaction here takes."""
REFUSALS = Busy | CatalogFailed


async def push(catalog: PostgresCatalog, name: RepositoryName) -> None:
    """Write rows of many tables, as a push does."""
    async with catalog.begin(write=True) as tx:
        await publish(tx, name, f"{name}", tag="v1", blobs=("layer", f"{name}/own"))


async def is_there(catalog: PostgresCatalog, name: RepositoryName) -> bool:
    """Whether all of a push is there; fails for a part of it."""
    async with catalog.begin() as tx:
        found = await tx.repositories.find(name)
        if found is None:
            return False
        assert await tx.tags.page(found.id, "", 10) == ["v1"]
        return True


@pytest.mark.slow
@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize("is_warm", [False, True], ids=["new", "used"])
async def test_each_message_of_a_push(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str, when: When, is_warm: bool
) -> None:
    told: list[bool] = []
    for step in range(1, STEPS_MAX):
        catalog = PostgresCatalog(proxy_url)
        if is_warm:
            await push(catalog, RepositoryName(f"warm/{when.value}-{step}"))
        plan = proxy.plan = Cut(at=step, when=when)
        name = RepositoryName(f"one/{when.value}-{step}")
        failed = await outcome(push(catalog, name))
        if not plan.done.is_set():
            assert failed is None
            break
        assert failed is None or isinstance(failed, Busy), failed
        assert await is_there(truth, name) is (failed is None)
        told.append(failed is None)
        # And it goes on as if nothing had been.
        proxy.plan = None
        await push(catalog, RepositoryName(f"after/{when.value}-{step}"))
        await catalog.close()
    else:
        pytest.fail("it never came to an end")
    # What was cut early is tried again, and the last message is the COMMIT.
    assert not all(told)
    assert told[-1] is (when is When.AFTER)
    await catalog.close()


@pytest.mark.parametrize("when", list(When))
async def test_each_message_of_a_batch(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str, when: When
) -> None:
    for step in range(1, STEPS_MAX):
        catalog = PostgresCatalog(proxy_url)
        await note(catalog, "warm")
        plan = proxy.plan = Cut(at=step, when=when)
        texts = [f"{when.value}-{step}-{number}" for number in range(4)]
        work = [note(catalog, text, fail=text.endswith("2")) for text in texts]
        told = await asyncio.gather(*work, return_exceptions=True)
        assert {type(one) for one in told} <= {str, Busy, ZeroDivisionError}
        assert [one for one in told if isinstance(one, str)] == [
            text for text in await notes(truth) if text in texts
        ]
        proxy.plan = None
        await note(catalog, "after")
        await catalog.close()
        if not plan.done.is_set():
            return
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("when", list(When))
async def test_each_message_of_a_read(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str, when: When
) -> None:
    await note(truth, "one")
    for step in range(1, STEPS_MAX):
        catalog = PostgresCatalog(proxy_url)
        plan = proxy.plan = Cut(at=step, when=when)
        assert await notes(catalog) == ["one"]
        await catalog.close()
        if not plan.done.is_set():
            return
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("when", list(When))
async def test_the_answer_to_a_commit_is_found_out_while_others_write(
    truth: PostgresCatalog, proxy: PostgresProxy, proxy_url: str, when: When
) -> None:
    catalog = PostgresCatalog(proxy_url)
    told: list[str | BaseException] = []
    for number in range(20):
        proxy.plan = Cut(at=1, when=when, counts=says(b"; COMMIT"))
        others = asyncio.gather(*(note(truth, f"other-{number}-{n}") for n in range(3)))
        told += await asyncio.gather(note(catalog, f"{number}"), return_exceptions=True)
        await others
    there = [text for text in await notes(truth) if not text.startswith("other")]
    assert there == [f"{number}" for number, failed in enumerate(told) if failed == f"{number}"]
    assert len(there) == (20 if when is When.AFTER else 0)
    assert all(isinstance(failed, str if when is When.AFTER else Busy) for failed in told)
    proxy.plan = None
    await catalog.close()


async def test_a_server_that_stays_away_leaves_the_outcome_unknown(
    truth: PostgresCatalog,
    proxy: PostgresProxy,
    proxy_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("entrepot.adapters.catalog.postgres.writing.PATIENCE_SECONDS", 0.2)
    catalog = PostgresCatalog(proxy_url)
    await note(catalog, "warm")
    plan = proxy.plan = Cut(at=1, when=When.AFTER, counts=says(b"; COMMIT"))
    told = asyncio.create_task(outcome(note(catalog, "who knows")))
    await plan.done.wait()
    proxy.weather.refuse = True
    failed = await told
    assert isinstance(failed, CatalogFailed)
    assert "nobody" in str(failed) or "whether it happened" in str(failed)
    proxy.weather.refuse = False
    assert await notes(truth) == ["warm", "who knows"]
    assert await catalog.trouble() is None
    await note(catalog, "after")
    await catalog.close()


@pytest.mark.usefixtures("truth")
async def test_while_the_server_is_away_only_the_first_wait_for_it(
    proxy: PostgresProxy, proxy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request asks more than once: each time anew it would wait for many times the patience."""
    monkeypatch.setattr(pooling, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(pooling, "AWAY_SECONDS", 0.0)
    catalog = PostgresCatalog(proxy_url)
    counts: list[int] = []

    async def ask() -> object:
        before = proxy.accepted
        failed = await outcome(notes(catalog))
        counts.append(proxy.accepted - before)
        return failed

    assert await ask() == []
    for is_away in (True, False, True):
        proxy.weather.refuse = is_away
        proxy.cut()
        if not is_away:
            assert await ask() == []
            continue
        for _ in range(3):
            assert isinstance(await ask(), Busy)
        first, *others = counts[-3:]
        assert first > 1
        assert others == [1, 1]
    await catalog.close()
