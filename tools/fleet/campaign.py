"""A campaign: clients on a fleet under attack, then a look at what is left."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from shutil import copyfile
from typing import Any

from .balancer import Balancer
from .clients import Budget, Client
from .desk import Desk, Places
from .looking import Looking
from .nemesis import Nemesis
from .records import Records
from .site import USER, Plan, Site

JOBS_LOOKS_MAX, JOBS_REST_SECONDS = 120, 0.5
WRONG_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Orders:
    """What a campaign is to do."""

    plan: Plan
    seconds: float = 60.0
    clients: int = 32
    nemesis: tuple[str, ...] = ("kill", "pause")
    repositories: int = 4
    tags: int = 4
    big_bytes: int = 256 << 20
    settle_seconds: float = 2.0
    """Between the last harm and the look at what is left."""
    logs: Path | None = None
    """Where the logs of replicas go in the end."""


@dataclass(slots=True)
class Findings:
    """What came of it."""

    orders: Orders
    records: Records
    harm: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    harmed_s3: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    """Errors that replicas logged, by event."""
    jobs: Counter[str] = field(default_factory=Counter)
    looked_at: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def is_fine(self) -> bool:
        """Whether nothing was found that must not be; troubles are told, and no more."""
        return not self.records.wrong

    def report(self) -> dict[str, Any]:
        """Return the figures, for JSON."""
        records = self.records
        operations, failed = records.operations.total(), records.failed.total()
        return {
            "seed": self.orders.plan.seed,
            "replicas": self.orders.plan.replicas,
            "clients": self.orders.clients,
            "nemesis": self.orders.nemesis,
            "seconds": round(self.seconds, 1),
            "operations": dict(records.operations),
            "attempts": records.attempts,
            "errors": dict(records.errors.most_common()),
            "error_rate_of_attempts": _share(records.errors.total(), records.attempts),
            "failed": dict(records.failed),
            "error_rate_of_operations": _share(failed, operations),
            "milliseconds": {name: _quantiles(took) for name, took in records.seconds.items()},
            "acknowledged": {"blobs": len(records.blobs), "manifests": len(records.put)},
            "big_bytes": sum(
                blob.size_bytes for blob in records.blobs.values() if blob.size_bytes > 1 << 20
            ),
            "registers": len(records.tags) + len(records.manifests),
            "operations_on_registers": sum(map(len, records.tags.values()))
            + sum(map(len, records.manifests.values())),
            "harm": dict(self.harm),
            "harm_by_object_store": dict(self.harmed_s3),
            "errors_logged": dict(self.said.most_common()),
            "jobs": dict(self.jobs),
            "looked_at": dict(self.looked_at),
            "troubles": self.troubles,
            "wrong": dict(Counter(fault.value for fault, _ in records.wrong)),
            "first_wrong": [f"{fault.value}: {text}" for fault, text in records.wrong][
                :WRONG_SHOWN_MAX
            ],
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def _quantiles(ordered: list[float]) -> dict[str, float]:
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    found = {name: ordered[int(share * (len(ordered) - 1))] for name, share in at.items()}
    return {name: round(seconds * 1000, 1) for name, seconds in found.items()}


class Campaign:
    """One site, its clients and its nemesis."""

    def __init__(self, site: Site, orders: Orders) -> None:
        self._site = site
        self._orders = orders
        self._places = Places.of(orders.repositories, orders.tags)
        records = Records(grace_seconds=orders.plan.grace_seconds or inf)
        self.findings = Findings(orders, records)

    async def run(self) -> Findings:
        """Do it all."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with Balancer(
            self._site.replicas,
            self.findings.records,
            login=(USER, self._site.password),
            repositories=self._places.repositories,
        ) as balancer:
            await self._attack(balancer)
            await self._settle()
            await self._look(balancer)
        if self._orders.logs is not None:
            for replica in self._site.replicas:
                copyfile(replica.log, self._orders.logs / f"{replica.name}.log")
        for store in self._site.stores:
            self.findings.harmed_s3.update({harm.value: n for harm, n in store.harmed.items()})
        self.findings.seconds = loop.time() - began
        for replica in self._site.replicas:
            self.findings.said.update(replica.errors())
        await asyncio.to_thread(self.findings.records.check)
        return self.findings

    async def _attack(self, balancer: Balancer) -> None:
        orders, done = self._orders, asyncio.Event()
        budget = Budget(orders.big_bytes)
        clients = [
            Client(self._desk(f"c{number}", balancer), budget) for number in range(orders.clients)
        ]
        nemesis = Nemesis(self._site, random.Random(f"{orders.plan.seed}/nemesis"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(nemesis.run(orders.nemesis, done))
            tasks.create_task(nemesis.tend(done))
            for client in clients:
                tasks.create_task(client.run(done))
            await asyncio.sleep(orders.seconds)
            done.set()
        await nemesis.heal()
        self.findings.harm = nemesis.done
        self.findings.troubles += nemesis.troubles

    def _desk(self, name: str, balancer: Balancer) -> Desk:
        chance = random.Random(f"{self._orders.plan.seed}/{name}")
        return Desk(name, balancer, self.findings.records, self._places, chance)

    async def _settle(self) -> None:
        await asyncio.sleep(self._orders.settle_seconds)
        if "gc" in self._orders.nemesis:
            self.findings.jobs = await self._collect()

    async def _collect(self) -> Counter[str]:
        """Collect once more, to the end; return how many jobs there are, by kind and state."""
        async with self._site.manager(self._site.replicas[0]) as api:
            async with api.post("gc", json={}) as answer:
                asked = answer.status == 202
            for _ in range(JOBS_LOOKS_MAX):
                async with api.get("jobs", params={"limit": "1000"}) as answer:
                    jobs = (await answer.json())["items"]
                found = Counter(f"{job['kind']} {job['state']}" for job in jobs)
                collected = [job["progress"].get("blobs", 0) for job in jobs if job["kind"] == "gc"]
                found["blobs collected"] = sum(collected)
                if not found["gc ready"] + found["gc running"]:
                    return found
                await asyncio.sleep(JOBS_REST_SECONDS)
        self.findings.troubles.append(f"collecting does not end (asked: {asked}): {found}")
        return found

    async def _look(self, balancer: Balancer) -> None:
        looking = Looking(self._desk("end", balancer), self._site.replicas)
        await looking.run()
        self.findings.looked_at = looking.looked


async def run(orders: Orders) -> Findings:
    """Start a site, run a campaign on it, and end the site."""
    async with Site(orders.plan) as site:
        return await Campaign(site, orders).run()
