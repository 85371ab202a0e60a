"""Audit lines are passed on in order, each at least once."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Catalog
from entrepot.services.auditing import Act, AuditService, record
from entrepot.services.context import Caller
from entrepot.services.forwarding import STEP, Forwarder
from sim.loop import SimClock, SimLoop, simulate


class Receiver:
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.failures = 0
        self.closed = False

    async def send(self, messages: Sequence[bytes]) -> None:
        if self.failures:
            self.failures -= 1
            raise TimeoutError
        self.got += messages

    def close(self) -> None:
        self.closed = True


class Place:
    def __init__(self) -> None:
        self.line_id: int | None = None

    async def read(self) -> int | None:
        return self.line_id

    async def write(self, line_id: int) -> None:
        self.line_id = line_id


class Log:
    def __init__(self) -> None:
        self.told: list[str] = []

    def info(self, event: str, **_: Any) -> None:
        self.told.append(event)

    def warning(self, event: str, **_: Any) -> None:
        self.told.append(event)


async def write(catalog: Catalog, *names: str) -> None:
    async with catalog.begin(write=True) as tx:
        for name in names:
            await record(tx, Caller("alice"), 1.0, Act("x", name))


def names(receiver: Receiver) -> list[str]:
    return [message.split(b'resource="')[1].split(b'"')[0].decode() for message in receiver.got]


def test_lines_are_passed_on_in_order_and_after_failures() -> None:
    async def main(loop: SimLoop) -> None:
        catalog = await open_catalog("sqlite://")
        receiver, place, log, clock = Receiver(), Place(), Log(), SimClock(loop)
        forwarder = Forwarder(AuditService(catalog), clock, receiver=receiver, place=place, log=log)
        await write(catalog, "before")
        running = asyncio.ensure_future(forwarder.run())
        await clock.sleep(1.5)
        assert receiver.got == [], "what was there before is not sent"
        many = [f"line{number}" for number in range(2 * STEP)]
        await write(catalog, *many)
        await clock.sleep(1.5)
        assert names(receiver) == many
        receiver.failures = 3
        await write(catalog, "late")
        await clock.sleep(60)
        assert names(receiver) == [*many, "late"]
        assert log.told == ["audit not forwarded, tried again", "audit forwarded again"]
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert receiver.closed
        # Another process goes on where this one was.
        await write(catalog, "next")
        assert (
            await Forwarder(
                AuditService(catalog), clock, receiver=receiver, place=place, log=log
            ).step()
            == 1
        )
        assert names(receiver)[-1] == "next"
        await catalog.close()

    simulate(1, main)
