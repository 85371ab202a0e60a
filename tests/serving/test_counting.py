"""What was counted is written when a server ends, and while it runs."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, cast

import pytest

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.logging import Log, configure
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.robots import CredentialKind
from entrepot.services.authentication import FLUSH_SECONDS, FLUSH_STEP, Authenticator
from entrepot.services.minting import Purpose, mint
from entrepot.services.robotparts import NewRobot
from entrepot.serving.counting import start_counting
from entrepot.settings import Settings
from entrepot.wiring import build
from entrepot.wiring.outside import open_outside
from tests.services.house import Counting
from tests.services.machines import ROOT, acting, open_plant


async def test_last_uses_are_written_when_the_server_ends(tmp_path: Path) -> None:
    log = configure("error", "json")
    data = DataDirectory(tmp_path)
    async with contextlib.AsyncExitStack() as outer:
        outer.callback(data.close)
        house = build(Settings(), await open_outside(data, outer))
        robots = house.gate.robots
        view, secret = await robots.create(NewRobot("ci"), acting(ROOT))
        async with contextlib.AsyncExitStack() as stack:
            start_counting(house, log, stack)
            await asyncio.sleep(0)
            await house.access.login(view.robot.name, secret)
            assert (await robots.find(view.robot.name)).used_at is None
        assert (await robots.find(view.robot.name)).used_at is not None


async def test_a_server_ends_in_good_order_while_the_catalog_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> int:
        raise Busy("the catalog is away")

    monkeypatch.setattr(Authenticator, "flush", away)
    data, said = DataDirectory(tmp_path), Said()
    async with contextlib.AsyncExitStack() as outer:
        outer.callback(data.close)
        house = build(Settings(), await open_outside(data, outer))
        async with contextlib.AsyncExitStack() as stack:
            start_counting(house, cast("Log", said), stack)
    assert said.lines == ["what was counted last is not written"]


class Ticks:
    """A clock that ends the test after so many sleeps of one length."""

    def __init__(self, number: int) -> None:
        self.left = number

    def now(self) -> float:
        return 1_800_000_000.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        if seconds == FLUSH_SECONDS:
            self.left -= 1
            if self.left < 0:
                raise asyncio.CancelledError


class Said:
    """A log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, event: str, **_facts: Any) -> None:
        self.lines.append(event)


class Failing:
    """A catalog that cannot be written."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def begin(self, *, write: bool = False, **kind: Any) -> Any:
        if write:
            raise CatalogFailed("the disk is full")
        return self._catalog.begin(write=write, **kind)


async def flushed(catalog: Any, plant: Any, secrets: "list[str]") -> list[str]:
    """Log in with each secret, let the task run a while, and return what it said."""
    gate = plant.people.gate
    made = Authenticator(catalog, Ticks(2), accounts=gate.accounts, standing=gate.standing)
    log = Said()
    for secret in secrets:
        await made.password("alice", secret)
    with contextlib.suppress(asyncio.CancelledError):
        await made.run(log)
    return log.lines


async def test_more_than_one_step_is_written_and_a_failure_is_said() -> None:
    async with open_plant() as plant:
        await plant.owner()
        catalog, chance = plant.people.catalog, Counting(1000)
        secrets = []
        async with catalog.begin(write=True) as tx:
            for _ in range(FLUSH_STEP + 1):
                credential, secret = mint(chance, Purpose(CredentialKind.TOKEN, "alice"), 0.0)
                await tx.credentials.add(credential)
                secrets.append(secret)
        assert (
            await flushed(Failing(catalog), plant, secrets)
            == ["last uses of credentials are not written"] * 2
        )
        assert {one.used_at for one in await plant.tokens.of("alice")} == {None}
        assert await flushed(catalog, plant, secrets) == []
        used = {one.used_at for one in await plant.tokens.of("alice")}
        assert used == {plant.clock.now()}
