"""A whole registry in this process, with the sources that its settings name."""

import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from prometheus_client import CollectorRegistry

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.signer import Es256Signer
from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT as API
from entrepot.faces.manage.health import Readiness
from entrepot.faces.root import request_ids, root_app
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.rules.roles import Role
from entrepot.rules.tickets import KEY_BYTES
from entrepot.serving.sources import open_sources
from entrepot.settings import Ldap, Oidc, Server, Settings, Workloads
from entrepot.wiring import House, build, mounts
from entrepot.wiring.outside import Outside
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import PASSWORD, PlainPasswords, basic
from tests.services.house import Counting, HandClock, image
from tests.services.people import KEY
from tests.services.signing import new_sealer
from tests.services.visitors import Said

HOST = "registry.test:5000"


class Log(Said):
    """A log that also takes what nobody looks at."""

    debug = Said.info
    exception = Said.info


@dataclass
class Doorstep:
    """What clients ask."""

    app: App
    house: House
    log: Log

    async def ask(
        self, method: str, path: str, body: object = None, *, login: tuple[str, str] | None = None
    ) -> Answer:
        """Ask the management API, as an administrator unless it is said who."""
        headers = {"Authorization": basic(*(login or ("admin", PASSWORD)))}
        raw = b""
        if body is not None:
            raw = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        return await call(self.app, method, f"{API}{path}", headers, raw)

    async def token(self, name: str, password: str, scope: str = "") -> Answer:
        """Ask for a token, as docker does."""
        query = urlencode({"service": "entrepot", "account": name})
        path = f"/service/token?{query}" + (f"&scope={quote(scope)}" if scope else "")
        return await call(self.app, "GET", path, {"Authorization": basic(name, password)})

    async def push(self, name: str, password: str, repository: str) -> int:
        """Push an image as docker does, by token; return the last status."""
        scope = f"repository:{repository}:pull,push"
        answer = await self.token(name, password, scope)
        if answer.status != 200:
            return answer.status
        bearer = {"Authorization": f"Bearer {answer.json['token']}"}
        digest = Digest.of(b"{}")
        path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
        answer = await call(self.app, "POST", path, bearer, b"{}")
        if answer.status != 201:
            return answer.status
        headers = {**bearer, "Content-Type": OCI_MANIFEST}
        path = f"/v2/{repository}/manifests/1"
        return (await call(self.app, "PUT", path, headers, image([]))).status


@contextlib.asynccontextmanager
async def open_doorstep(
    ldap: Ldap | None = None,
    oidc: Oidc | None = None,
    workloads: Workloads | None = None,
) -> AsyncIterator[Doorstep]:
    """Yield a registry with an administrator and project acme."""
    settings = Settings(
        ldap=ldap or Ldap(),
        oidc=oidc or Oidc(),
        server=Server(public_url=f"http://{HOST}"),
        workloads=workloads or Workloads(),
    )
    log, clock = Log(), HandClock()
    clock.seconds = time.time()
    async with contextlib.AsyncExitStack() as stack:
        catalog = await open_catalog("sqlite:///:memory:")
        stack.push_async_callback(catalog.close)
        store = await open_store(MemoryDisk())
        stack.push_async_callback(store.close)
        outside = Outside(
            catalog=catalog,
            store=store,
            clock=clock,
            random=Counting(1 << 120),
            passwords=PlainPasswords(),
            signer=Es256Signer(KEY),
            upload_key=bytes(KEY_BYTES),
            sealer=new_sealer(),
        )
        house = build(settings, await open_sources(settings, outside, log, stack))
        stack.push_async_callback(house.uploads.close)
        apps = mounts(settings, house, Readiness({}), CollectorRegistry())
        door = Doorstep(root_app(apps, new_id=request_ids("t"), log=log), house, log)
        await house.accounts.add("admin", PASSWORD, Role.ADMIN)
        made = await door.ask("POST", "/projects", {"name": "acme"})
        assert made.status == 201, made.body
        yield door
