"""Signing keys as rows: made once, taken in turns, dropped."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.sealing import Keyring
from entrepot.adapters.signer import Es256Mint, Es256Signer, RingSigner, new_key
from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.keys import SigningKeyRow
from entrepot.ports.sealing import SealBroken
from entrepot.rules.keyring import (
    AGREED_SECONDS,
    FORGET_SECONDS,
    KEYS_MAX,
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    Stage,
)
from entrepot.services.context import Caller
from entrepot.services.keys import DROPPED, LOOK_SECONDS, ROTATED, SELF, KeyService
from tests.services.house import HandClock

ALICE = Caller("alice")
CLAIMS = {"sub": "bob"}
DAY = 86400.0
RING = Keyring.of_text(b"one:" + base64.b64encode(b"1" * 32), origin="here")


class Log:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def info(self, event: str, **facts: Any) -> None: ...
    def warning(self, event: str, **facts: Any) -> None:
        self.warnings.append(f"{event}: {facts}")


@dataclass
class Process:
    """One process of a registry: its own ring over rows and a clock that all share."""

    catalog: Catalog
    clock: HandClock
    sealer: Keyring = RING
    every_days: float = 0.0

    def __post_init__(self) -> None:
        self.ring = RingSigner(self.clock)
        self.keys = KeyService(
            self.catalog,
            self.clock,
            sealer=self.sealer,
            ring=self.ring,
            mint=Es256Mint(),
            every_seconds=self.every_days * DAY,
        )

    async def recorded(self) -> list[tuple[str, str, str]]:
        async with self.catalog.begin() as tx:
            lines = await tx.audit.after(0, 100)
        return [(line.actor, line.operation, line.resource) for line in lines]

    async def stages(self) -> list[Stage]:
        return [view.stage for view in await self.keys.all()]

    async def kids(self) -> list[str]:
        return [view.times.kid for view in await self.keys.all()]


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    opened = await open_catalog(tmp_path / "catalog.db")
    yield opened
    await opened.close()


@pytest.fixture
async def process(catalog: Catalog) -> Process:
    made = Process(catalog, HandClock())
    await made.keys.load()
    return made


async def test_exactly_one_first_key_even_if_two_start_at_once(catalog: Catalog) -> None:
    clock = HandClock()
    processes = [Process(catalog, clock) for _ in range(4)]
    await asyncio.gather(*(one.keys.load() for one in processes))
    assert await processes[0].stages() == [Stage.ACTIVE]
    token = processes[0].ring.sign(CLAIMS)
    assert [one.ring.verify(token) for one in processes] == [CLAIMS] * 4


async def test_the_key_of_before_is_the_first_so_that_tokens_stay_valid(catalog: Catalog) -> None:
    pem = new_key()
    token = Es256Signer(pem).sign(CLAIMS)
    process = Process(catalog, HandClock())
    await process.keys.load(pem)
    assert process.ring.verify(token) == CLAIMS
    # Once there are rows, the file says nothing.
    again = Process(catalog, process.clock)
    await again.keys.load(new_key())
    assert await again.kids() == await process.kids()


async def test_keys_lie_sealed(process: Process, tmp_path: Path) -> None:
    async with process.catalog.begin() as tx:
        (row,) = await tx.signing_keys.all()
    assert RING.key_id(row.sealed) == "one"
    assert b"PRIVATE KEY" in RING.open(f"signing-key:{row.kid}", row.sealed)
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert row.kid.encode() in files
    assert b"PRIVATE" not in files


async def test_a_registry_without_its_master_key_says_so(process: Process) -> None:
    other = Keyring.of_text(b"two:" + base64.b64encode(b"2" * 32), origin="there")
    with pytest.raises(SealBroken, match="master key one, which is not in there"):
        await Process(process.catalog, process.clock, sealer=other).keys.load()


async def test_all_processes_turn_at_one_moment(process: Process) -> None:
    other = Process(process.catalog, process.clock)
    await other.keys.load()
    made = await process.keys.rotate(ALICE)
    assert made.stage is Stage.NEXT
    assert await process.stages() == [Stage.ACTIVE, Stage.NEXT]
    assert await process.recorded() == [("alice", ROTATED, made.times.kid)]
    assert await other.keys.refresh()
    assert not await other.keys.refresh()
    assert other.ring.jwks() == process.ring.jwks()
    process.clock.seconds += PUBLISHED_SECONDS - 0.001
    before = process.ring.sign(CLAIMS)
    process.clock.seconds += 0.001
    after = other.ring.sign(CLAIMS)
    assert before.split(".")[0] != after.split(".")[0]
    for one in (process, other):
        assert one.ring.verify(before) == one.ring.verify(after) == CLAIMS


async def test_one_rotation_at_a_time(process: Process) -> None:
    await process.keys.rotate(ALICE)
    with pytest.raises(Fault, match="about to take over") as refused:
        await process.keys.rotate(ALICE)
    assert refused.value.code is Code.CONFLICT


async def test_i13_there_is_a_limit_to_keys(process: Process) -> None:
    for _ in range(KEYS_MAX - 1):
        await process.keys.rotate(ALICE)
        process.clock.seconds += PUBLISHED_SECONDS
    with pytest.raises(Fault, match="drop old ones"):
        await process.keys.rotate(ALICE)


async def test_a_dropped_key_is_out_at_once_here_and_soon_elsewhere(process: Process) -> None:
    other = Process(process.catalog, process.clock)
    await other.keys.load()
    (stolen,) = await process.kids()
    token = process.ring.sign(CLAIMS)
    await process.keys.drop(stolen, ALICE)
    assert await process.recorded() == [("alice", DROPPED, stolen)]
    assert process.ring.verify(token) is None
    epoch = other.ring.epoch
    await other.keys.refresh()
    assert other.ring.verify(token) is None
    assert other.ring.epoch != epoch
    assert other.ring.verify(process.ring.sign(CLAIMS)) == CLAIMS
    assert await process.stages() == [Stage.ACTIVE]
    assert LOOK_SECONDS < AGREED_SECONDS


async def test_the_next_key_steps_in_for_one_that_is_dropped(process: Process) -> None:
    (stolen,) = await process.kids()
    made = await process.keys.rotate(ALICE)
    await process.keys.drop(stolen, ALICE)
    (left,) = await process.keys.all()
    assert (left.times.kid, left.stage, left.signs) == (made.times.kid, Stage.ACTIVE, True)


async def test_dropping_what_is_not_there_is_explained(process: Process) -> None:
    with pytest.raises(Fault, match="no signing key 'nobody'") as refused:
        await process.keys.drop("nobody", ALICE)
    assert refused.value.code is Code.NOT_FOUND
    assert await process.recorded() == []


async def test_the_next_key_comes_by_itself_once(catalog: Catalog) -> None:
    process, other = (Process(catalog, HandClock(), every_days=90) for _ in range(2))
    other.clock = process.clock
    await process.keys.load()
    other = Process(catalog, process.clock, every_days=90)
    await other.keys.load()
    await process.keys.maintain()
    assert await process.stages() == [Stage.ACTIVE]
    process.clock.seconds += 90 * DAY - PUBLISHED_SECONDS
    await asyncio.gather(process.keys.maintain(), other.keys.maintain())
    assert await process.stages() == [Stage.ACTIVE, Stage.NEXT]
    assert [(who, what) for who, what, _ in await process.recorded()] == [(SELF.actor, ROTATED)]


async def test_a_key_that_signs_no_more_forgets_its_private_half(process: Process) -> None:
    refresh = process.ring.sign(CLAIMS, long_lived=True)
    await process.keys.rotate(ALICE)
    process.clock.seconds += PUBLISHED_SECONDS + FORGET_SECONDS
    await process.keys.maintain()
    async with process.catalog.begin() as tx:
        old, new = await tx.signing_keys.all()
    assert b"PRIVATE" not in RING.open(f"signing-key:{old.kid}", old.sealed)
    assert b"PRIVATE" in RING.open(f"signing-key:{new.kid}", new.sealed)
    assert process.ring.verify(refresh, long_lived=True) == CLAIMS
    assert process.ring.verify(process.ring.sign(CLAIMS)) == CLAIMS
    process.clock.seconds += REFRESH_SECONDS + DAY
    await process.keys.maintain()
    assert await process.kids() == [new.kid]


async def test_the_look_goes_on_until_cancelled(process: Process) -> None:
    class Stopping(HandClock):
        looks = 0

        async def sleep(self, seconds: float) -> None:
            assert seconds == LOOK_SECONDS
            self.looks += 1
            if self.looks == 2:
                other = Keyring.of_text(b"x:" + base64.b64encode(b"2" * 32), origin="x")
                async with process.catalog.begin(write=True) as tx:
                    sealed = other.seal("signing-key:kid", new_key())
                    await tx.signing_keys.add(SigningKeyRow("kid", sealed, 1.0, 1.0, 2.0))
            if self.looks == 4:
                raise asyncio.CancelledError

    watching = Process(process.catalog, Stopping(process.clock.seconds))
    await watching.keys.load()
    log = Log()
    with pytest.raises(asyncio.CancelledError):
        await watching.keys.run(log, leads=True)
    assert len(log.warnings) == 2
    assert "master key x" in log.warnings[0]
