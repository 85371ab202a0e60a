"""What clients and probes are told over HTTP while a disk fails."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from prometheus_client import CollectorRegistry

from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness, health_app
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.root import root_app
from entrepot.oci.digest import Digest
from entrepot.ports.catalog import CatalogFailed
from entrepot.services.health import FRESH_SECONDS, Health
from tests.faces.registry.client import Answer, call
from tests.faces.test_root import Notes
from tests.faults.system import FaultySystem, Kind
from tests.faults.trial import LARGE, Day, Site, inline, make_template
from tests.services.house import Counting

Result = TypeVar("Result")


class Disk:
    """The catalog's disk, which fails when told to."""

    failure: Exception | None = None

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        if self.failure is not None:
            raise self.failure
        return await inline(work)


@dataclass
class Server:
    """A registry as clients see it, on disks that fail when told to."""

    app: App
    day: Day
    store: FaultySystem
    catalog: Disk
    notes: Notes

    async def call(self, method: str, path: str, body: bytes = b"") -> Answer:
        return await call(self.app, method, path, [], body)

    async def is_ready(self) -> bool:
        self.day.clock.seconds += FRESH_SECONDS
        return (await self.call("GET", "/readyz")).status == 200


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    site = Site.copied(await make_template(tmp_path / "template"), tmp_path / "site")
    store, catalog, notes = FaultySystem(), Disk(), Notes()
    async with site.process(store, catalog) as day:
        health = Health(day.catalog, day.store, day.clock, Counting())
        readiness = Readiness({"catalog": health.catalog, "store": health.store})
        apps: dict[str, App] = {
            "v2": registry_app(day.house.registry, Challenger("test", "")),
            "readyz": health_app(readiness, CollectorRegistry()),
        }
        yield Server(root_app(apps, new_id=lambda: "1", log=notes), day, store, catalog, notes)


@pytest.mark.parametrize("kind", [Kind.FULL, Kind.READ_ONLY, Kind.BROKEN])
async def test_a_store_that_takes_no_bytes(server: Server, kind: Kind) -> None:
    half = len(LARGE) // 2
    address = str((await server.call("POST", "/v2/app/blobs/uploads/")).header("Location"))
    assert (await server.call("PATCH", address, LARGE[:half])).status == 202
    assert await server.is_ready()
    server.store.fail(kind)
    answer = await server.call("PATCH", address, LARGE[half:])
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert "storage" in answer.message
    assert answer.header("Retry-After") == "1"
    assert not await server.is_ready()
    server.store.heal()
    assert await server.is_ready()
    status = await server.call("GET", address)
    assert (status.status, status.header("Range")) == (204, f"0-{half - 1}")
    target = f"{address}?digest={Digest.of(LARGE)}"
    assert (await server.call("PUT", target, LARGE[half:])).status == 201
    assert (await server.call("GET", f"/v2/app/blobs/{Digest.of(LARGE)}")).body == LARGE


async def test_a_catalog_that_takes_no_rows(server: Server) -> None:
    digest = Digest.of(b"some blob")
    target = f"/v2/app/blobs/uploads/?digest={digest}"
    assert await server.is_ready()
    server.catalog.failure = CatalogFailed("the catalog failed, as its disk is full")
    answer = await server.call("POST", target, b"some blob")
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.message == "the catalog failed, as its disk is full"
    assert [event for _, event, _ in server.notes.lines] == ["catalog failed"]
    assert not await server.is_ready()
    assert (await server.call("HEAD", f"/v2/app/blobs/{digest}")).status == 404
    server.catalog.failure = None
    assert await server.is_ready()
    assert (await server.call("POST", target, b"some blob")).status == 201
    assert await server.day.findings() == []
