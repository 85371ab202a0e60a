"""Kill -9 at random instants: nothing acknowledged is lost."""

import asyncio
import logging
import os
import random
import time
from pathlib import Path

import pytest

from entrepot.serving import inspect

from .pusher import Pusher
from .server import Server

logger = logging.getLogger(__name__)

ROUNDS = int(os.environ.get("ENTREPOT_CRASH_ROUNDS", "8"))
SEED = int(os.environ.get("ENTREPOT_CRASH_SEED", str(time.time_ns() % 1_000_000)))
PUSHERS = 4
DEBRIS_PER_ROUND_MAX = PUSHERS

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60 + ROUNDS * 20)]


async def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """I1, I2, I3 and I5 hold on what is left; run again with ENTREPOT_CRASH_SEED."""
    chance = random.Random(SEED)
    logger.info("ENTREPOT_CRASH_SEED=%d", SEED)
    server = Server(tmp_path / "data")
    pushers = [Pusher(number, random.Random(chance.random())) for number in range(PUSHERS)]
    try:
        for number in range(1, ROUNDS + 1):
            await server.start()
            tasks = [asyncio.create_task(pusher.run(server.port)) for pusher in pushers]
            await asyncio.sleep(chance.uniform(0.05, 1.0))
            await server.kill()
            await asyncio.gather(*tasks)
            findings, _ = await inspect(tmp_path / "data", read=False)
            assert findings == []
            await server.start()
            last = number == ROUNDS
            await asyncio.gather(*(p.check(server.port, all_of_it=last) for p in pushers))
            await server.kill()
        findings, debris = await inspect(tmp_path / "data", read=True)
    finally:
        await server.kill()
    assert findings == []
    assert debris == 0
    acknowledged = sum(pusher.acknowledged for pusher in pushers)
    logger.info("%d rounds, %d acknowledged changes", ROUNDS, acknowledged)
    assert acknowledged > ROUNDS
