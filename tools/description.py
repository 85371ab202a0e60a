"""OpenAPI documents of all routes there are, made by a house that nobody lives in."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any, cast

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.sealing import Keyring
from entrepot.adapters.signer import Es256Mint, RingSigner
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.faces.manage.describing import described
from entrepot.faces.manage.harbor import later, scanners
from entrepot.faces.manage.harbor.describing import described as harbor
from entrepot.ports.federation import Issuers
from entrepot.rules.tickets import KEY_BYTES
from entrepot.services.keys import KeyService
from entrepot.services.workloads import Log, WorkloadService
from entrepot.settings import Server, Settings
from entrepot.wiring import House, api_routes, build
from entrepot.wiring.gate import Sources
from entrepot.wiring.outside import Outside

NOT_YET = {later.__name__, scanners.__name__}
"""Where the answers are of what Harbor has and this version has not."""
NOWHERE = Settings(server=Server(public_url="https://registry.example.com"))


def documents() -> dict[str, dict[str, Any]]:
    """Return the documents by the names of their files."""
    return asyncio.run(_documents())


def text_of(document: dict[str, Any]) -> str:
    """Return a document as it is kept: one line for each thing, so that a diff tells of it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def harbor_endpoints() -> dict[str, bool]:
    """Return what is served of Harbor's API, as `GET /projects/{project_id}`.

    False: its answer is that this version does not do that.
    """
    return asyncio.run(_harbor_endpoints())


async def _harbor_endpoints() -> dict[str, bool]:
    async with AsyncExitStack() as stack:
        routes = (await _house(stack)).management.harbor_routes()
        return {
            f"{route.method} {route.path}": route.handler.__module__ not in NOT_YET
            for route in routes
        }


async def _documents() -> dict[str, dict[str, Any]]:
    async with AsyncExitStack() as stack:
        house = await _house(stack)
        return {
            "entrepot-v1": described(api_routes(house, operator=True)),
            "harbor-v2.0": harbor(house.management.harbor_routes()),
        }


async def _house(stack: AsyncExitStack) -> House:
    """Return a house in memory in which everything is there that has routes."""
    clock = SystemClock()
    catalog = await open_catalog("sqlite:///:memory:")
    stack.push_async_callback(catalog.close)
    store = await open_store(MemoryDisk())
    stack.push_async_callback(store.close)
    sealer, signer = Keyring({"none": bytes(32)}), RingSigner(clock)
    keys = KeyService(
        catalog, clock, sealer=sealer, ring=signer, mint=Es256Mint(), every_seconds=1e9
    )
    # Nobody asks what issues tokens, nor reads a log.
    workloads = WorkloadService(catalog, cast("Issuers", None), clock, cast("Log", None))
    outside = Outside(
        catalog=catalog,
        store=store,
        clock=clock,
        random=SystemRandom(),
        passwords=Argon2Passwords(),
        signer=signer,
        upload_key=bytes(KEY_BYTES),
        sources=Sources(workloads=workloads),
        keys=keys,
        sealer=sealer,
    )
    house = build(NOWHERE, outside)
    stack.push_async_callback(house.uploads.close)
    return house
