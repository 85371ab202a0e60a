"""The lifecycle's services on in-memory adapters, served over the API."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from entrepot.adapters.signer import Es256Signer
from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import Job, JobState
from entrepot.services.jobs import JobService, Pace, Run
from entrepot.services.policies import PolicyService
from entrepot.services.push import Pushed
from entrepot.wiring.upkeep import Base, Upkeep, make_upkeep
from tests.faces.registry.client import Answer, call
from tests.services.house import ALICE, APP, Counting, House, image, open_house
from tests.services.people import KEY, People, open_people

LEASE_SECONDS = 60.0


@dataclass
class Lifecycle:
    """What a test asks, and what it looks at."""

    house: House
    people: People
    upkeep: Upkeep
    policies: PolicyService
    public: App
    operator: App

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        app: App | None = None,
    ) -> Answer:
        """Ask the operator's application, unless it is said which."""
        given, raw = dict(headers or {}), b""
        if body is not None:
            raw = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        answer = await call(app or self.operator, method, f"{ROOT}{path}", given, raw)
        assert answer.header("Cache-Control") == "no-store"
        return answer

    async def get(self, path: str) -> Any:
        """Return what is there; AssertionError if it is not."""
        answer = await self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    async def start(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask for a job, do it, and return it as it is then."""
        answer = await self.ask(method, path, body)
        assert answer.status == 202, answer.body
        job: dict[str, Any] = answer.json
        assert answer.header("Location") == f"{ROOT}/jobs/{job['id']}"
        await self.work()
        ended: dict[str, Any] = await self.get(f"/jobs/{job['id']}")
        return ended

    async def work(self) -> None:
        """Do all jobs that are due."""
        while True:
            now = self.house.clock.now()
            async with self.house.catalog.begin(write=True) as tx:
                job = await tx.jobs.claim(f"owner-{now}", now, now + LEASE_SECONDS)
            if job is None:
                return
            await self._do(job)

    async def _do(self, job: Job) -> None:
        run = Run(job, self.house.catalog, self.house.clock, Pace())
        await self.upkeep.handlers[job.kind](run)
        async with self.house.catalog.begin(write=True) as tx:
            assert await tx.jobs.end(run.job, JobState.DONE, self.house.clock.now(), "")

    async def push(self, tag: str, label: str, name: RepositoryName = APP) -> Digest:
        """Push an image that `label` tells from others; time goes on by ten seconds."""
        await self.house.add_blob(b"{}", name)
        pushed = Pushed(image([], annotations={"label": label}), OCI_MANIFEST, Tag(tag))
        published = await self.house.push.publish(name, pushed, ALICE)
        self.house.clock.seconds += 10
        return published.manifest.digest


@asynccontextmanager
async def open_lifecycle() -> AsyncIterator[Lifecycle]:
    async with open_people() as people, open_house() as house:
        policies = PolicyService(house.catalog, house.clock)
        signer = Es256Signer(KEY)
        upkeep = make_upkeep(
            Base(house.catalog, house.store, house.clock, Counting(), signer, policies),
            jobs=JobService(house.catalog, house.clock),
            deletion=house.deletion,
            trash=house.trash,
            purging=house.purging,
        )
        yield Lifecycle(
            house=house,
            people=people,
            upkeep=upkeep,
            policies=policies,
            public=api_app(upkeep.routes(operator=False), people.access, operator=False),
            operator=api_app(upkeep.routes(operator=True), people.access, operator=True),
        )
