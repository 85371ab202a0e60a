"""A house in which people say something of images."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.services.context import Caller
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from entrepot.wiring import House, api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.registry.client import Answer, call
from tests.services.house import CONFIG, Bytes, descriptor

SOMEBODY = Caller("somebody", "docker/28")


@dataclass
class Club:
    """The public application and the operator's, with the visitors of `doors`."""

    doors: Doors
    app: App
    operator: App

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """Ask as one sort of visitor; as the operator without a name."""
        headers = {"Content-Type": "application/json"}
        if who:
            headers |= self.doors.visitors[who].headers
        raw = json.dumps(body).encode() if body is not None else b""
        app = self.app if who else self.operator
        return await call(app, method, f"{ROOT}{path}", headers, raw)

    async def push(self, name: str, tag: str, config: bytes = b"{}", **extra: object) -> Digest:
        """Push an image without layers."""
        return await push_image(self.doors.house, name, tag, config, **extra)


async def push_image(
    house: House, name: str, tag: str, config: bytes = b"{}", **extra: object
) -> Digest:
    """Push an image without layers."""
    full = RepositoryName.parse(name)
    upload_id = house.uploads.begin(full)
    await house.uploads.finish(full, upload_id, SOMEBODY, Digest.of(config), Chunk(Bytes(config)))
    raw = encode({"schemaVersion": 2, "config": descriptor(CONFIG, config), "layers": [], **extra})
    pushed = Pushed(raw, OCI_MANIFEST, Tag(tag))
    return (await house.registry.push.publish(full, pushed, SOMEBODY)).manifest.digest


@asynccontextmanager
async def open_club() -> AsyncIterator[Club]:
    async with open_doors() as doors:
        access = doors.house.access
        yield Club(
            doors,
            api_app(api_routes(doors.house, operator=False), access, operator=False),
            api_app(api_routes(doors.house, operator=True), access, operator=True),
        )
