"""What is done to a fleet while clients work, each kind in its own time."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from signal import SIGCONT, SIGSTOP

import aiohttp

from tests.servers.httpfaults import Harm, Rates
from tests.servers.postgres import Stop

from .replicas import ReplicaFailedError
from .site import Site
from .wires import Wires

GAP_SECONDS = (0.5, 3.0)
"""Between one harm of a kind and the next, times the number of kinds: a fleet must get to work."""
TEND_SECONDS = 0.5
KILLED_MAX_SECONDS = 3.0
PAUSED_SECONDS = (1.0, 8.0)
DOWN_MAX_SECONDS = 2.0
STORM_SECONDS = (3.0, 10.0)
PARTED_SECONDS = (1.0, 6.0)
STORM: Mapping[Harm, float] = {
    Harm.UNAVAILABLE: 0.10,
    Harm.ERROR: 0.03,
    Harm.BEFORE: 0.02,
    Harm.AFTER: 0.04,
    Harm.TORN: 0.03,
    Harm.SHORT: 0.05,
    Harm.SLOW: 0.05,
}


@dataclass(slots=True)
class Nemesis:
    """Does harm to a site until it is told to end; then all is healed."""

    site: Site
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    """What was done, by kind."""
    troubles: list[str] = field(default_factory=list)
    """What went wrong by more than was meant: a replica that does not start again."""

    async def tend(self, until: asyncio.Event) -> None:
        """Start replicas again that ended by themselves, as an orchestrator would: trouble."""
        while not until.is_set():
            for replica in self.site.replicas:
                if not replica.is_running and not replica.lock.locked():
                    self.troubles.append(f"{replica.name} ended by itself: {replica.said()}")
                    await replica.start()
            await asyncio.sleep(TEND_SECONDS)

    async def heal(self) -> None:
        """See that all replicas are ready in the end; one that does not get so is trouble."""
        for replica in self.site.replicas:
            if not replica.is_running:
                await replica.start()
            try:
                await replica.ready()
            except ReplicaFailedError as error:
                self.troubles.append(str(error))

    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What it can do to this site, by name."""
        found: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self.kill,
            "pause": self.pause,
            "gc": self.collect,
        }
        if self.site.postgres is not None:
            found |= {"postgres": self.restart_postgres, "wire": self.cut_wires}
        if self.site.stores:
            found["s3"] = self.storm
        if self.site.networks:
            found["net"] = self.part
        return found

    async def run(self, names: tuple[str, ...], until: asyncio.Event) -> None:
        """Do these kinds of harm, each in its own time."""
        kinds = self.kinds()
        await asyncio.gather(*(self._repeat(kinds[name], len(names), until) for name in names))

    async def _repeat(
        self, harm: Callable[[], Awaitable[None]], kinds: int, until: asyncio.Event
    ) -> None:
        while not until.is_set():
            try:
                async with asyncio.timeout(self.chance.uniform(*GAP_SECONDS) * kinds):
                    await until.wait()
            except TimeoutError:
                await harm()

    async def kill(self) -> None:
        """End a replica as a power cut would, and start it again."""
        replica = self.chance.choice(self.site.replicas)
        async with replica.lock:
            await replica.kill()
            self.done["kill"] += 1
            await asyncio.sleep(self.chance.uniform(0, KILLED_MAX_SECONDS))
            await replica.start()
            # One that does not come up is tended as any that ends by itself.
            with suppress(ReplicaFailedError):
                await replica.ready()

    async def pause(self) -> None:
        """Stop a replica where it stands, and let it go on as if nothing had been."""
        replica = self.chance.choice(self.site.replicas)
        async with replica.lock:
            replica.signal(SIGSTOP)
            self.done["pause"] += 1
            try:
                await asyncio.sleep(self.chance.uniform(*PAUSED_SECONDS))
            finally:
                replica.signal(SIGCONT)

    async def restart_postgres(self) -> None:
        """Stop PostgreSQL in one of its ways, and start it again."""
        postgres = self.site.postgres
        if postgres is None:
            return
        mode = self.chance.choice([Stop.FAST, Stop.IMMEDIATE, Stop.KILL])
        await self.site.by_hand(lambda: postgres.stop(mode))
        self.done[f"postgres {mode.name.lower()}"] += 1
        await asyncio.sleep(self.chance.uniform(0, DOWN_MAX_SECONDS))
        await self.site.by_hand(postgres.start)

    async def cut_wires(self) -> None:
        """Do harm to the connections of a replica to PostgreSQL."""
        proxy = self.chance.choice(self.site.catalogs)
        await Wires(proxy, self.chance, self.done).harm()

    async def storm(self) -> None:
        """Let the object store fail for a while, for one replica or for all."""
        stores = self.site.stores
        hit = stores if self.chance.random() < 0.5 else [self.chance.choice(stores)]
        for store in hit:
            store.rates = Rates(STORM)
        self.done["s3 storm"] += 1
        try:
            await asyncio.sleep(self.chance.uniform(*STORM_SECONDS))
        finally:
            for store in hit:
                store.rates = Rates()

    async def collect(self) -> None:
        """Let a replica collect what nothing holds; whichever has time does it."""
        replica = self.chance.choice(self.site.replicas)
        kind = "gc unanswered"
        with suppress(aiohttp.ClientError, OSError):
            async with self.site.manager(replica) as api, api.post("gc", json={}) as answer:
                # 409: the one that was asked for before has not ended.
                kind = "gc" if answer.status == 202 else f"gc {answer.status}"
        self.done[kind] += 1

    async def part(self) -> None:
        """Lose or delay the packets of a replica, or all of them."""
        network = self.chance.choice(self.site.networks)
        name, loss = self.chance.choice(
            [("net parted", 1.0), ("net lossy", 0.1), ("net late", 0.0)]
        )
        network.set(delay_seconds=0.03, jitter_seconds=0.02, loss=loss)
        self.done[name] += 1
        try:
            await asyncio.sleep(self.chance.uniform(*PARTED_SECONDS))
        finally:
            network.heal()
