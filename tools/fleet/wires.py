"""What is done to the connections of a replica to PostgreSQL."""

import asyncio
import random
from collections import Counter

from tests.servers.faults import Cut, PostgresProxy, Weather, When, says

LASTS_SECONDS = (1.0, 6.0)
CUT_WITHIN_SECONDS = 3.0
DELAY_SECONDS = (0.005, 0.05)
COMMITS_SHARE = 0.7
"""How often a cut at a message is one at a COMMIT."""
MESSAGES_MAX = 50
COMMIT = b"; COMMIT"
"""How the catalog ends its write transactions; not `READ COMMITTED`, with which they begin."""


class Wires:
    """Harm to the connections through one proxy; `done` counts it by kind."""

    def __init__(self, proxy: PostgresProxy, chance: random.Random, done: Counter[str]) -> None:
        self._proxy = proxy
        self._chance = chance
        self._done = done

    async def harm(self) -> None:
        """Do one kind of harm, chosen by chance, and heal it."""
        ways = [self._cut, self._cut_at_a_message, self._stall, self._delay, self._refuse]
        await self._chance.choice(ways)()

    async def _cut(self) -> None:
        self._proxy.cut()
        self._done["wire cut"] += 1

    async def _cut_at_a_message(self) -> None:
        """Around a COMMIT, or around any message."""
        when = self._chance.choice([*When])
        if self._chance.random() < COMMITS_SHARE:
            plan = Cut(self._chance.randint(1, 3), when, says(COMMIT))
            name = f"wire cut {when.value} COMMIT"
        else:
            plan = Cut(self._chance.randint(1, MESSAGES_MAX), when)
            name = f"wire cut {when.value} a message"
        self._proxy.plan = plan
        try:
            async with asyncio.timeout(CUT_WITHIN_SECONDS):
                await plan.done.wait()
            self._done[name] += 1
        except TimeoutError:
            pass
        finally:
            self._proxy.plan = None

    async def _stall(self) -> None:
        self._proxy.stall()
        self._done["wire stalled"] += 1
        try:
            await asyncio.sleep(self._chance.uniform(*LASTS_SECONDS))
        finally:
            self._proxy.flow()

    async def _delay(self) -> None:
        self._done["wire delayed"] += 1
        await self._weather(Weather(delay_seconds=self._chance.uniform(*DELAY_SECONDS)))

    async def _refuse(self) -> None:
        self._done["wire refused"] += 1
        self._proxy.cut()
        await self._weather(Weather(refuse=True))

    async def _weather(self, weather: Weather) -> None:
        self._proxy.weather = weather
        try:
            await asyncio.sleep(self._chance.uniform(*LASTS_SECONDS))
        finally:
            self._proxy.weather = Weather()
