"""Other registries in Harbor's words: `/registries`."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.oci.errors import Code, Fault
from entrepot.ports.remotes import Remote
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Fuzzy, Order
from entrepot.rules.remotes import OCI, RemoteText, same_place
from entrepot.services.remotes import REMOTES_MAX, RemoteService

from .answers import EPOCH, NotHere, created, done, moment
from .api import Call, Route
from .integers import Int64
from .tables import Table, part_of, query_of

TAG = "Registries"
HIDDEN = "*****"
"""What stands for a secret; sent back, it changes nothing."""
BASIC = "basic"
HARBOR = "harbor"
GENERIC = "docker-registry"

KINDS = {
    GENERIC: OCI,
    "ali-acr": "alibaba",
    "aws-ecr": "aws",
    "azure-acr": "azure",
    "docker-hub": "docker-hub",
    "github-ghcr": "github",
    "gitlab": "gitlab",
    "google-gcr": "google",
    HARBOR: HARBOR,
    "huawei-SWR": "huawei",
    "jfrog-artifactory": "artifactory",
    "quay": "quay",
    "tencent-tcr": "tencent",
    "volcengine-cr": "volcengine",
}
"""Our kinds by Harbor's types."""
_TYPES = {ours: theirs for theirs, ours in KINDS.items()}
_FILTERS = [
    {"style": "input", "type": "name"},
    {"style": "input", "type": "tag"},
    {"style": "list", "type": "label", "values": []},
    {"style": "radio", "type": "resource", "values": ["image", "artifact"]},
]
_TRIGGERS = ["manual", "scheduled", "event_based"]


class RegistryCredential(msgspec.Struct, omit_defaults=True):
    """An account of another registry; its secret is never shown."""

    type: str | None = None
    access_key: str | None = None
    access_secret: str | None = None


class RegistryBody(msgspec.Struct):
    """A registry to be kept."""

    name: str | None = None
    url: str | None = None
    type: str | None = None
    description: str | None = None
    insecure: bool | None = None
    credential: RegistryCredential | None = None
    ca_certificate: str | None = None


class RegistryUpdate(msgspec.Struct):
    """What is to be changed of a registry, or asked without keeping it; the rest stays."""

    id: Int64 | None = None
    name: str | None = None
    url: str | None = None
    type: str | None = None
    description: str | None = None
    insecure: bool | None = None
    credential_type: str | None = None
    access_key: str | None = None
    access_secret: str | None = None
    ca_certificate: str | None = None


class Registry(msgspec.Struct):
    """Another registry."""

    id: int
    name: str
    type: str
    url: str | UnsetType = UNSET
    creation_time: str = EPOCH
    update_time: str = EPOCH
    description: str | UnsetType = UNSET
    insecure: bool | UnsetType = UNSET
    credential: RegistryCredential | UnsetType = UNSET


LOCAL = Registry(0, "Local", HARBOR)
"""This registry, as policies name it."""

TABLE: Table[Remote] = Table(
    {
        "creation_time": lambda one: one.created_at,
        "description": lambda one: one.description,
        "id": lambda one: one.id,
        "name": lambda one: one.name,
        "type": lambda one: type_of(one.kind),
        "update_time": lambda one: one.changed_at,
        "url": lambda one: one.url,
    },
    (Order("creation_time", descending=True), Order("id", descending=True)),
    frozenset({"creation_time", "update_time"}),
)


class Registries:
    """Answers about other registries."""

    def __init__(self, remotes: RemoteService) -> None:
        self._remotes = remotes

    async def list_all(self, call: Call) -> Response:
        """List registries."""
        wanted = query_of(call)
        if name := call.text("name"):
            wanted["name"] = Fuzzy(name)
        rows = await self._remotes.page(0, REMOTES_MAX)
        found = TABLE.select(rows, wanted, call.text("sort") or "")
        items = [await self.shown(remote) for remote in part_of(call, found)]
        return call.listed(items, len(found))

    async def create(self, call: Call) -> Response:
        """Keep a registry."""
        given = await call.fields(RegistryBody)
        account = given.credential or RegistryCredential()
        _check_certificate(given.ca_certificate)
        text = RemoteText(
            given.name or "",
            given.url or "",
            _kind(given.type),
            given.description or "",
            account.access_key or "",
            insecure=bool(given.insecure),
        )
        remote = await self._remotes.create(text, account.access_secret or "", call.caller)
        return created(f"/registries/{remote.id}")

    async def get(self, call: Call) -> Response:
        """Return a registry."""
        return json_response(200, await self.shown(await self._found(call)))

    async def update(self, call: Call) -> Response:
        """Change a registry. At another server the secret is not used unless it is sent again."""
        given = await call.fields(RegistryUpdate)
        before = await self._found(call)
        text, secret = _merged(before, given)
        if secret is None and not same_place(before.url, text.url):
            secret = ""
        await self._remotes.change(before.id, text, secret, call.caller)
        return done()

    async def remove(self, call: Call) -> Response:
        """Forget a registry that no policy names."""
        try:
            await self._remotes.remove(call.id("registry"), call.caller)
        except Fault as fault:
            if fault.code is not Code.CONFLICT:
                raise
            raise Fault(Code.PRECONDITION, fault.message, fault.detail) from fault
        return done()

    async def ping(self, call: Call) -> Response:
        """Ask whether a registry is there and lets the account in."""
        given = await call.fields(RegistryUpdate)
        if given.id:
            reached = await self._remotes.ping(given.id)
        elif not given.url or not given.type:
            raise Fault(Code.REQUEST_INVALID, "type or url cannot be empty")
        else:
            _check_certificate(given.ca_certificate)
            text = RemoteText(
                given.name or "ping",
                given.url,
                _kind(given.type),
                account=given.access_key or "",
                insecure=bool(given.insecure),
            )
            reached = await self._remotes.try_out(text, given.access_secret or "")
        if not reached.ok:
            raise Fault(Code.REQUEST_INVALID, f"the registry is unhealthy: {reached.reason}")
        return done()

    async def info(self, call: Call) -> Response:
        """Return what policies can say of a registry; 0 is this one."""
        kind = HARBOR if call.id("registry") == 0 else type_of((await self._found(call)).kind)
        found = {"supported_resource_filters": _FILTERS, "supported_triggers": _TRIGGERS}
        return json_response(200, {"description": "", "type": kind, **found})

    async def adapters(self, _: Call) -> Response:
        """List types of registries."""
        return json_response(200, sorted(KINDS))

    async def adapter_infos(self, _: Call) -> Response:
        """Tell what is known of types of registries beforehand."""
        hub = [{"key": "hub.docker.com", "value": "https://hub.docker.com"}]
        pattern = {"endpoint_type": "EndpointPatternTypeFix", "endpoints": hub}
        infos: dict[str, Any] = {kind: {} for kind in sorted(KINDS)}
        return json_response(200, {**infos, "docker-hub": {"endpoint_pattern": pattern}})

    async def shown(self, remote: Remote) -> Registry:
        """Return a registry as it is shown."""
        made = Registry(
            id=remote.id,
            name=remote.name,
            type=type_of(remote.kind),
            url=remote.url,
            creation_time=moment(remote.created_at),
            update_time=moment(remote.changed_at),
            description=remote.description or UNSET,
            insecure=remote.insecure or UNSET,
        )
        if remote.account:
            secret = HIDDEN if await self._has_secret(remote) else None
            made.credential = RegistryCredential(BASIC, remote.account, secret)
        return made

    async def _has_secret(self, remote: Remote) -> bool:
        try:
            return bool((await self._remotes.login(remote.id)).secret)
        except Fault:
            # There is one, and it cannot be read any more: that shows when it is used.
            return True

    async def _found(self, call: Call) -> Remote:
        return await self._remotes.find(call.id("registry"))


def registry_routes(here: Registries) -> list[Route]:
    """Return what is served of other registries."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    needs, one = Permission.REMOTE_MANAGE, "/registries/{registry}"
    query = (Argument("q", "What is looked for."), Argument("name", "Part of the name."))
    listed = about("List registries", gives=list[Registry], query=query)
    made = about("Create a registry", takes=RegistryBody, status=201, errors=(400, 409, 412))
    pinged = about("Ping a registry", takes=RegistryUpdate, errors=(400, 404))
    got = about("Get a registry", gives=Registry, errors=(404,))
    changed = about("Update a registry", takes=RegistryUpdate, errors=(400, 404, 409))
    removed = about("Delete a registry", errors=(404, 412))
    infos = about("List infos of registry types", gives=dict[str, Any])
    return [
        Route("GET", "/registries", here.list_all, needs, listed),
        Route("POST", "/registries", here.create, needs, made),
        Route("POST", "/registries/ping", here.ping, needs, pinged),
        Route("GET", one, here.get, needs, got),
        Route("PUT", one, here.update, needs, changed),
        Route("DELETE", one, here.remove, needs, removed),
        Route(
            "GET",
            f"{one}/info",
            here.info,
            needs,
            about("Get what a registry can", gives=dict[str, Any]),
        ),
        Route(
            "GET",
            "/replication/adapters",
            here.adapters,
            needs,
            about("List registry types", gives=list[str]),
        ),
        Route("GET", "/replication/adapterinfos", here.adapter_infos, needs, infos),
    ]


def type_of(kind: str) -> str:
    """Return Harbor's type of one of our kinds."""
    return _TYPES.get(kind, GENERIC)


def _kind(given: str | None) -> str:
    kind = KINDS.get(given or "")
    if kind is None:
        known = ", ".join(sorted(KINDS))
        raise Fault(
            Code.REQUEST_INVALID,
            f"unsupported registry type {(given or '')[:40]!a}: use one of {known}",
        )
    return kind


def _merged(before: Remote, given: RegistryUpdate) -> tuple[RemoteText, str | None]:
    """Return a registry as it shall be, and its secret: None to keep it."""
    _check_certificate(given.ca_certificate)

    def text(new: str | None, old: str) -> str:
        return old if new is None else new

    merged = RemoteText(
        text(given.name, before.name),
        text(given.url, before.url),
        before.kind,
        text(given.description, before.description),
        text(given.access_key, before.account),
        insecure=before.insecure if given.insecure is None else given.insecure,
    )
    return merged, None if given.access_secret == HIDDEN else given.access_secret


def _check_certificate(given: str | None) -> None:
    if given:
        raise NotHere("keep certificates of other registries")
