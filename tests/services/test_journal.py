"""The journal has every committed change, whatever happens to those who write it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Event
from entrepot.ports.journal import Unreadable
from entrepot.services.journal import CURSOR, DAY_SECONDS, JournalKeeper
from tests.services.house import ALICE, APP, House


@dataclass
class ListJournal:
    """A journal in memory that can be out of order."""

    lines: list[Event] = field(default_factory=list)
    is_broken: bool = False

    @property
    def last(self) -> int:
        return self.lines[-1].sequence if self.lines else 0

    async def append(self, events: list[Event]) -> None:
        if self.is_broken:
            raise OSError("no space")
        self.lines += [event for event in events if event.sequence > self.last]

    async def events(self, after: int = 0) -> AsyncIterator[Event | Unreadable]:
        for line in self.lines:
            if line.sequence > after:
                yield line

    async def close(self) -> None:
        self.lines = []


class ListLog:
    """A log in memory."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def info(self, event: str, **facts: Any) -> None:
        self.told.append(event)

    def warning(self, event: str, **facts: Any) -> None:
        self.told.append(f"{event}: {facts['cause']}" if "cause" in facts else event)

    def exception(self, event: str, **facts: Any) -> None:
        self.told.append(f"traceback of: {event}")


@dataclass
class Kept:
    journal: ListJournal
    log: ListLog
    keeper: JournalKeeper


@pytest.fixture
def kept(house: House) -> Kept:
    journal, log = ListJournal(), ListLog()
    return Kept(journal, log, JournalKeeper(house.catalog, journal, house.clock, log, keep_days=2))


async def _outbox(house: House) -> list[Event]:
    async with house.catalog.begin() as tx:
        return await tx.outbox.after(0, 1000)


async def test_i9_the_journal_is_the_outbox(house: House, kept: Kept) -> None:
    for number in range(3):
        await house.add_image(Tag(f"v{number}"), [b"layer %d" % number])
    assert await kept.keeper.follow() == 3
    await house.deletion.delete(APP, Tag("v0"), ALICE)
    assert await kept.keeper.follow() == 1
    assert await kept.keeper.follow() == 0
    assert kept.journal.lines == await _outbox(house)
    async with house.catalog.begin() as tx:
        assert await tx.cursors.find(CURSOR) == kept.journal.last


async def test_rows_go_once_all_have_read_them_and_they_are_old(house: House, kept: Kept) -> None:
    await house.add_image(Tag("old"), [b"old"])
    await kept.keeper.follow()
    assert await kept.keeper.prune() == 0
    house.clock.seconds += 3 * DAY_SECONDS
    await house.add_image(Tag("new"), [b"new"])
    async with house.catalog.begin(write=True) as tx:
        await tx.cursors.move("slower", 0)
    assert await kept.keeper.prune() == 0
    async with house.catalog.begin(write=True) as tx:
        await tx.cursors.move("slower", 1)
    assert await kept.keeper.prune() == 1
    assert [event.sequence for event in await _outbox(house)] == [2]
    await kept.keeper.follow()
    assert [line.sequence for line in kept.journal.lines] == [1, 2]


async def test_rows_that_the_journal_lacks_stay_whatever_cursors_say(
    house: House, kept: Kept
) -> None:
    await house.add_image(Tag("v1"), [b"layer"])
    async with house.catalog.begin(write=True) as tx:
        await tx.cursors.move(CURSOR, 1)
    house.clock.seconds += 3 * DAY_SECONDS
    assert await kept.keeper.prune() == 0


async def test_an_older_catalog_gives_no_sequence_twice(house: House, kept: Kept) -> None:
    await kept.journal.append([Event("tag.moved", APP, "{}", 1.0, 41)])
    await kept.keeper.begin()
    await house.add_image(Tag("v1"), [b"layer"])
    assert await kept.keeper.follow() == 1
    assert [line.sequence for line in kept.journal.lines] == [41, 42]


async def test_numbers_that_were_given_twice_are_told(house: House, kept: Kept) -> None:
    assert await kept.keeper.compare()
    await house.add_image(Tag("v1"), [b"layer"])
    await kept.keeper.follow()
    assert await kept.keeper.compare()
    # The catalog goes on where a standby was that had not got the last commit yet.
    kept.journal.lines[-1] = replace(kept.journal.lines[-1], payload="{}")
    assert not await kept.keeper.compare()
    assert "lost commits" in kept.log.told[-1]


async def test_a_journal_that_fails_catches_up(house: House, kept: Kept) -> None:
    kept.journal.is_broken = True
    await house.add_image(Tag("v1"), [b"layer"])
    with pytest.raises(OSError, match="no space"):
        await kept.keeper.follow()
    kept.journal.is_broken = False
    assert await kept.keeper.follow() == 1


async def test_of_a_journal_that_is_away_it_is_told_once(
    house: House, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.journal.is_broken = True
    await house.add_image(Tag("v1"), [b"layer"])
    rounds = iter([True, True, False, False])

    async def sleep(_: float) -> None:
        try:
            kept.journal.is_broken = next(rounds)
        except StopIteration:
            raise asyncio.CancelledError from None

    monkeypatch.setattr(house.clock, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await kept.keeper.run()
    assert kept.log.told == ["the journal cannot be written: no space", "the journal is written"]
    assert len(kept.journal.lines) == 1


async def test_missing_events_are_told(house: House, kept: Kept) -> None:
    await house.add_image(Tag("v1"), [b"layer"])
    await kept.keeper.follow()
    house.clock.seconds += 3 * DAY_SECONDS
    assert await kept.keeper.prune() == 1
    await house.add_image(Tag("v2"), [b"other"])
    kept.journal.lines.clear()
    await kept.keeper.follow()
    assert kept.log.told == ["the journal lacks events"]
