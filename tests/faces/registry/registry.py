"""The registry face on the real services, with catalog and store in memory."""

import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.adapters.blobs.memory import Delay, MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.faces.asgi import App
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.challenge import Challenger
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.rules.access import Kind
from entrepot.rules.roles import Role
from entrepot.rules.scopes import parse_scopes
from entrepot.rules.tickets import KEY_BYTES
from entrepot.services.fsck import check_blobs, check_catalog, check_manifests
from entrepot.settings import Auth, Manifests, Projects, Quota, Rates, Settings, Storage, Uploads
from entrepot.wiring import House, build
from entrepot.wiring.outside import Outside
from tests.faces.registry.client import Answer, Broken, call
from tests.services.house import Counting, HandClock, image

PASSWORD = "correct horse"
API_VERSION = "registry/2.0"


class PlainPasswords:
    """Passwords without the slow hash."""

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == f"plain:{password}"


@dataclass
class Registry:
    """What the tests talk to, and what lies below it."""

    app: App
    house: House
    catalog: Catalog
    store: BlobStore
    disk: MemoryDisk
    clock: HandClock
    authorization: str | None = None
    """Sent with every request."""
    users: set[str] = field(default_factory=set)

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | Broken = b"",
    ) -> Answer:
        """Send a request; every answer must carry the API's version."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        if self.authorization is not None:
            pairs.append(("Authorization", self.authorization))
        answer = await call(self.app, method, path, pairs, body)
        assert answer.header("Docker-Distribution-Api-Version") == API_VERSION
        if answer.status >= 400 and method != "HEAD":
            assert answer.header("Content-Type") == "application/json"
            assert answer.code is not None
        return answer

    async def get(
        self, path: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    ) -> Answer:
        return await self.request("GET", path, headers)

    async def head(
        self, path: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    ) -> Answer:
        return await self.request("HEAD", path, headers)

    async def start_upload(self, name: str = "app") -> str:
        """Open an upload session and return its address."""
        answer = await self.request("POST", f"/v2/{name}/blobs/uploads/")
        assert answer.status == 202
        return str(answer.header("Location"))

    async def push_blob(self, data: bytes, name: str = "app") -> Digest:
        """Push a blob in one request."""
        digest = Digest.of(data)
        answer = await self.request("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", (), data)
        assert answer.status == 201
        return digest

    async def push_manifest(
        self, raw: bytes, reference: str, media_type: str = OCI_MANIFEST, name: str = "app"
    ) -> Answer:
        """Push a manifest whose blobs are there."""
        headers = {"Content-Type": media_type}
        return await self.request("PUT", f"/v2/{name}/manifests/{reference}", headers, raw)

    async def push_image(
        self,
        reference: str = "",
        layers: Iterable[bytes] = (),
        name: str = "app",
        **extra: object,
    ) -> bytes:
        """Push an image with all that it needs, and return its manifest; without a tag by digest.

        `extra` are further fields of the manifest.
        """
        parts = [*layers]
        for data in (b"{}", *parts):
            await self.push_blob(data, name)
        raw = image(parts, **extra)
        answer = await self.push_manifest(raw, reference or Digest.of(raw), name=name)
        assert answer.status == 201, answer.body
        return raw

    async def push_index(self, raw: bytes, reference: str, name: str = "app") -> Answer:
        """Push an index whose children are there."""
        return await self.push_manifest(raw, reference, OCI_INDEX, name)

    async def add_user(self, name: str, role: Role) -> None:
        """Make an account with the password of all accounts here."""
        if name not in self.users:
            await self.house.accounts.add(name, PASSWORD, role)
            self.users.add(name)

    async def login(self, role: Role | None) -> None:
        """Send the password of an account of that role from now on; None is nobody."""
        self.authorization = None
        if role is not None:
            await self.add_user(role.value, role)
            self.authorization = basic(role.value)

    async def use_token(self, role: Role | None, *scopes: str) -> None:
        """Send a token with these scopes, as far as they are granted to a user of that role."""
        holder = None
        if role is not None:
            await self.add_user(role.value, role)
            holder = await self.house.gate.standing.of(Kind.USER, role.value)
        policy = self.house.access.policy
        issued = await self.house.tokens.issue(holder, parse_scopes(scopes), policy)
        self.authorization = f"Bearer {issued.token}"

    async def findings(self) -> list[str]:
        """Return what rows and bytes say against each other."""
        found = await check_catalog(self.catalog)
        found += [f async for f in check_manifests(self.catalog)]
        found += [f async for f in check_blobs(self.catalog, self.store, read=True)]
        return [f"{finding.invariant}: {finding.message}" for finding in found]


def basic(name: str, password: str = PASSWORD) -> str:
    """Return an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@asynccontextmanager
async def open_registry(
    auth: Auth | None = None,
    uploads: Uploads | None = None,
    *,
    storage: Storage | None = None,
    manifests: Manifests | None = None,
    quota: Quota | None = None,
    rates: Rates | None = None,
    projects: Projects | None = None,
    delay: Delay | None = None,
) -> AsyncIterator[Registry]:
    """Yield an empty registry, open to all unless `auth` says otherwise; checked at the end.

    `delay` is awaited at each step of the disk.
    """
    settings = Settings(
        auth=auth or Auth(open=True),
        uploads=uploads or Uploads(),
        storage=storage or Storage(),
        manifests=manifests or Manifests(),
        quota=quota or Quota(),
        rates=rates or Rates(),
        projects=projects or Projects(),
    )
    clock, disk = HandClock(), MemoryDisk()
    outside = Outside(
        catalog=await open_catalog("sqlite:///:memory:"),
        store=await open_store(disk, delay=delay),
        clock=clock,
        random=Counting(),
        passwords=PlainPasswords(),
        signer=Es256Signer(new_key()),
        upload_key=bytes(KEY_BYTES),
    )
    registry = assemble(settings, outside, disk, clock)
    try:
        yield registry
        assert await registry.findings() == []
    finally:
        await registry.house.uploads.close()
        await outside.store.close()
        await outside.catalog.close()


def assemble(settings: Settings, outside: Outside, disk: MemoryDisk, clock: HandClock) -> Registry:
    """Return the registry that one process would be; `outside` stands on the disk and the clock."""
    house = build(settings, outside)
    app = registry_app(house.registry, Challenger(settings.auth.service, ""))
    return Registry(app, house, outside.catalog, outside.store, disk, clock)
