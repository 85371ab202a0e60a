"""Refusals are noted without waiting, and written later, alike ones as one line."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Catalog, CatalogFailed
from entrepot.rules.audit import AuditLine
from entrepot.services import audittrail
from entrepot.services.auditing import Act
from entrepot.services.audittrail import LOST, MANY, WINDOW_SECONDS, AuditTrail
from entrepot.services.context import Caller
from sim.loop import SimClock, SimLoop, simulate
from tests.adapters.catalog.rows import NOW

MALLORY = Caller("mallory", "curl/8", "192.0.2.66")
PULL = Act("repository.pull", "acme/app:v1", "acme", {"reason": "no grant"})


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        assert seconds == 0, "others have their turn, no more"


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite://")
    yield made
    await made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trail(catalog: Catalog, clock: Clock) -> AuditTrail:
    return AuditTrail(catalog, clock)


async def written(catalog: Catalog) -> list[AuditLine]:
    async with catalog.begin() as tx:
        return await tx.audit.after(0, 10_000)


def times(line: AuditLine) -> int:
    return int(msgspec.json.decode(line.detail).get("times", 1))


async def test_a_refusal_is_written_with_the_next_flush(
    catalog: Catalog, trail: AuditTrail
) -> None:
    trail.denied(MALLORY, PULL)
    assert await written(catalog) == []
    assert await trail.flush() == 1
    assert await trail.flush() == 0
    (line,) = await written(catalog)
    assert line == AuditLine(
        line.id,
        NOW,
        "mallory",
        "192.0.2.66",
        "curl/8",
        "repository.pull",
        "acme",
        "acme/app:v1",
        "denied",
        '{"reason":"no grant"}',
    )


async def test_alike_ones_are_counted(catalog: Catalog, trail: AuditTrail, clock: Clock) -> None:
    for _ in range(3):
        trail.denied(MALLORY, PULL)
    await trail.flush()
    for _ in range(5):
        clock.at += 1
        trail.denied(MALLORY, PULL)
        assert await trail.flush() == 0
    trail.denied(MALLORY, replace(PULL, resource="acme/other:v1"))
    assert await trail.flush() == 1
    clock.at = NOW + WINDOW_SECONDS
    assert await trail.flush() == 1
    lines = await written(catalog)
    assert [times(line) for line in lines] == [3, 1, 5]
    assert lines[-1].at == NOW + 5, "when it was refused last"
    # A window that ended leaves nothing behind.
    clock.at += WINDOW_SECONDS
    assert await trail.flush() == 0
    trail.denied(MALLORY, PULL)
    assert await trail.flush() == 1


async def test_one_address_cannot_fill_the_log(
    catalog: Catalog, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audittrail, "ADDRESS_MAX", 10)
    for number in range(100):
        trail.denied(replace(MALLORY, actor=f"user{number}"), PULL)
    trail.denied(replace(MALLORY, address="192.0.2.1"), PULL)
    await trail.flush()
    lines = await written(catalog)
    assert len(lines) == 12
    (many,) = [line for line in lines if line.operation == MANY]
    assert (many.address, many.actor, times(many)) == (MALLORY.address, "", 90)
    assert lines[-1].address == "192.0.2.1"


async def test_what_is_too_much_is_counted(
    catalog: Catalog, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audittrail, "NOTED_MAX", 70)
    for number in range(100):
        trail.denied(replace(MALLORY, address=f"2001:db8::{number:x}"), PULL)
    assert await trail.flush() == 71
    lines = await written(catalog)
    assert (lines[-1].operation, lines[-1].result, times(lines[-1])) == (LOST, "failed", 30)
    assert await trail.flush() == 0


async def test_what_cannot_be_written_is_written_later(
    catalog: Catalog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = AuditTrail(catalog, clock)
    for number in range(100):
        trail.denied(replace(MALLORY, actor=f"user{number}"), PULL)

    def fails(**_: Any) -> None:
        raise CatalogFailed("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "begin", fails)
        with pytest.raises(CatalogFailed):
            await trail.flush()
    assert await written(catalog) == []
    assert await trail.flush() == 100
    assert len(await written(catalog)) == 100


async def test_the_end_writes_all(catalog: Catalog, trail: AuditTrail) -> None:
    trail.denied(MALLORY, PULL)
    await trail.flush()
    trail.denied(MALLORY, PULL)
    trail.denied(MALLORY, replace(PULL, resource="acme/other:v1"))
    await trail.close()
    assert [line.resource for line in await written(catalog)] == [
        "acme/app:v1",
        "acme/app:v1",
        "acme/other:v1",
    ]
    await trail.close()
    assert len(await written(catalog)) == 3


async def test_those_that_come_meanwhile_are_told_too(
    catalog: Catalog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = AuditTrail(catalog, clock)
    trail.denied(MALLORY, PULL)
    await trail.flush()
    trail.denied(MALLORY, PULL)
    clock.at += WINDOW_SECONDS
    begin = catalog.begin

    def meanwhile(**options: Any) -> Any:
        trail.denied(MALLORY, PULL)
        monkeypatch.setattr(catalog, "begin", begin)
        return begin(**options)

    monkeypatch.setattr(catalog, "begin", meanwhile)
    await trail.flush()
    await trail.close()
    assert sum(times(line) for line in await written(catalog)) == 3


def test_it_is_flushed_again_and_again() -> None:
    class Log:
        def __init__(self) -> None:
            self.told: list[str] = []

        def warning(self, event: str, **_: Any) -> None:
            self.told.append(event)

    class Deaf:
        def begin(self, **_: Any) -> None:
            raise CatalogFailed("no")

    async def main(loop: SimLoop) -> list[str]:
        log = Log()
        trail = AuditTrail(Deaf(), SimClock(loop))  # type: ignore[arg-type]
        running = asyncio.ensure_future(trail.run(log))
        trail.denied(MALLORY, PULL)
        await asyncio.sleep(2.5)
        running.cancel()
        return log.told

    assert simulate(1, main) == ["audit not written, tried again"] * 2
