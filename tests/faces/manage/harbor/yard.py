"""Harbor's face over a whole house, with every sort of caller and a clock in hand."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from entrepot.faces.asgi import App
from entrepot.faces.manage.callers import THE_OPERATOR
from entrepot.faces.manage.harbor.answers import ROOT
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import Catalog
from entrepot.ports.jobs import Job, JobState
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.jobs.run import Pace, Run
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from entrepot.settings import Settings
from tests.faces.manage.doors import PROJECT, Doors, open_doors
from tests.faces.registry.client import Answer, call
from tests.services.house import Bytes, HandClock, image

ADMIN = "admin"
APP = RepositoryName(f"{PROJECT}/app")
ALICE = Caller("alice", "docker/28")
LEASE_SECONDS = 60.0


@dataclass
class Yard:
    """What a test asks, and what lies below it."""

    doors: Doors
    app: App

    @property
    def catalog(self) -> Catalog:
        return self.doors.house.gate.ground.catalog

    @property
    def acting(self) -> Acting:
        """The operator, for services that ask who does it."""
        return Acting(THE_OPERATOR, Caller("operator"))

    @property
    def clock(self) -> HandClock:
        clock = self.doors.house.gate.ground.clock
        assert isinstance(clock, HandClock)
        return clock

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: str = ADMIN,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask as one of the visitors, an administrator unless it is said."""
        given, raw = {**self.doors.visitors[who].headers, **(headers or {})}, b""
        if body is not None:
            raw = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        answer = await call(self.app, method, f"{ROOT}{path}", given, raw)
        assert answer.header("Cache-Control") == "no-store"
        return answer

    async def get(self, path: str, **more: Any) -> Any:
        """Return what is there; AssertionError if it is not."""
        answer = await self.ask("GET", path, **more)
        assert answer.status == 200, answer.body
        return answer.json

    async def do(self, method: str, path: str, body: object = None, **more: Any) -> None:
        """Change something: 200 and nothing more."""
        answer = await self.ask(method, path, body, **more)
        assert (answer.status, answer.body) == (200, b""), answer.body

    async def make(self, path: str, body: object, **more: Any) -> str:
        """Make something; return where it is, below the root."""
        answer = await self.ask("POST", path, body, **more)
        assert (answer.status, answer.body) == (201, b""), answer.body
        location = answer.header("Location")
        assert location is not None
        assert location.startswith(ROOT)
        return location.removeprefix(ROOT)

    async def refused(self, method: str, path: str, body: object = None, **more: Any) -> int:
        """Ask for what is refused; return the status."""
        answer = await self.ask(method, path, body, **more)
        assert answer.status >= 400, answer.body
        assert list(answer.json) == ["errors"]
        assert list(answer.json["errors"][0]) == ["code", "message"]
        return answer.status

    async def add_blob(self, data: bytes, name: RepositoryName = APP) -> None:
        """Push a blob in one piece."""
        uploads = self.doors.house.uploads
        chunk = Chunk(Bytes(data))
        await uploads.finish(name, uploads.begin(name), ALICE, Digest.of(data), chunk)

    async def push(
        self,
        tag: str,
        label: str = "",
        name: RepositoryName = APP,
        raw: bytes | None = None,
        media_type: str = OCI_MANIFEST,
    ) -> Digest:
        """Push an image that `label` tells from others, or `raw`; without a tag by digest.

        Time goes on by ten seconds.
        """
        if raw is None:
            await self.add_blob(b"{}", name)
            raw = image([], annotations={"label": label})
        reference: Reference = Tag(tag) if tag else Digest.of(raw)
        pushed = Pushed(raw, media_type, reference)
        published = await self.doors.house.registry.push.publish(name, pushed, ALICE)
        self.clock.seconds += 10
        return published.manifest.digest

    async def project_id(self, name: str = PROJECT) -> int:
        """Return a project's number."""
        return await self.doors.house.management.numbers.one("project", name)

    async def work(self) -> None:
        """Do all jobs that are due."""
        while True:
            now = self.clock.now()
            async with self.catalog.begin(write=True) as tx:
                job = await tx.jobs.claim(f"owner-{now}", now, now + LEASE_SECONDS)
            if job is None:
                return
            await self._do(job)
            self.clock.seconds += 1

    async def _do(self, job: Job) -> None:
        run = Run(job, self.catalog, self.clock, Pace())
        await self.doors.house.handlers[job.kind](run)
        async with self.catalog.begin(write=True) as tx:
            assert await tx.jobs.end(run.job, JobState.DONE, self.clock.now(), "")


@asynccontextmanager
async def open_yard(settings: Settings = Settings()) -> AsyncIterator[Yard]:  # noqa: B008 - a frozen value
    async with open_doors(settings) as doors:
        house = doors.house
        await house.management.numbers.ensure_first()
        yield Yard(doors, house.management.harbor(house.registry.trail, house.browsers))
