"""Housekeeping works on, whatever one step does."""

import asyncio
from typing import Any

import pytest

from entrepot.services.housekeeping import EVERY_SECONDS, Housekeeping
from entrepot.services.uploads import Chunk
from tests.services.house import ALICE, APP, Bytes, HandClock, House


class Notes:
    """A log that remembers."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **_facts: Any) -> None:
        self.events.append(event)

    def warning(self, event: str, **_facts: Any) -> None:
        self.events.append(event)

    def exception(self, event: str, **_facts: Any) -> None:
        self.events.append(f"traceback of: {event}")


class Rounds(HandClock):
    """A clock that ends the work after some rounds."""

    left = 3

    async def sleep(self, seconds: float) -> None:
        assert seconds == EVERY_SECONDS
        self.left -= 1
        if not self.left:
            raise asyncio.CancelledError


async def test_idle_uploads_are_ended(house: House) -> None:
    await house.uploads.append(APP, house.uploads.begin(APP), ALICE, Chunk(Bytes(b"some")))
    house.clock.seconds += 100_000
    notes = Notes()
    with pytest.raises(asyncio.CancelledError):
        await Housekeeping(house.uploads, Rounds(), notes).run()
    assert notes.events == ["uploads expired"]


async def test_a_step_that_the_medium_fails_is_told_in_a_line_and_tried_again(house: House) -> None:
    await house.uploads.append(APP, house.uploads.begin(APP), ALICE, Chunk(Bytes(b"some")))
    house.clock.seconds += 100_000
    notes = Notes()
    house.disk.power_cut()
    with pytest.raises(asyncio.CancelledError):
        await Housekeeping(house.uploads, Rounds(), notes).run()
    assert "housekeeping failed" in notes.events
