"""Replication policies in Harbor's words; nothing is copied yet."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.oci.errors import Code, Fault
from entrepot.ports.remotes import ReplicationRow
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Fuzzy, Order
from entrepot.rules.replication import Direction, Field, Filter, Trigger
from entrepot.services.remotes import RemoteService
from entrepot.services.replication import POLICIES_MAX, ReplicationService, Wanted, meaning

from .answers import NotHere, created, done, moment
from .api import Call, Route
from .integers import Int64
from .registries import LOCAL, Registries, Registry
from .tables import Table, empty, part_of, query_of

TAG = "Replication"
KIB = 1024
MATCHES, EXCLUDES = "matches", "excludes"
EVENT = "event_based"
LEGACY = -1
"""Stands for all parts of a name but the last, as before Harbor knew how many."""

_TRIGGERS = {Trigger.MANUAL: "manual", Trigger.SCHEDULED: "scheduled", Trigger.EVENT: EVENT}
_FIELDS = {"name": Field.NAME, "tag": Field.TAG, "label": Field.LABEL, "resource": Field.KIND}
_TYPES = {ours: theirs for theirs, ours in _FIELDS.items()}


class RegistryOf(msgspec.Struct):
    """A registry by its number."""

    id: Int64 | None = None


class ReplicationFilter(msgspec.Struct, omit_defaults=True):
    """What is copied: by name, tag, label or kind of resource."""

    type: str | None = None
    value: str | list[str] | None = None
    decoration: str | None = None


class ReplicationTriggerSettings(msgspec.Struct, omit_defaults=True):
    """When it runs by itself."""

    cron: str | None = None


class ReplicationTrigger(msgspec.Struct, omit_defaults=True):
    """What lets a policy run."""

    type: str | None = None
    trigger_settings: ReplicationTriggerSettings | None = None


class ReplicationBody(msgspec.Struct):
    """A policy to be kept; one of the registries is named, the other one is this."""

    name: str | None = None
    description: str | None = None
    src_registry: RegistryOf | None = None
    dest_registry: RegistryOf | None = None
    dest_namespace: str | None = None
    dest_namespace_replace_count: Int64 | None = None
    trigger: ReplicationTrigger | None = None
    filters: list[ReplicationFilter] | None = None
    replicate_deletion: bool | None = None
    deletion: bool | None = None
    override: bool | None = None
    enabled: bool | None = None
    speed: Int64 | None = None
    copy_by_chunk: bool | None = None
    single_active_replication: bool | None = None


class ReplicationPolicy(msgspec.Struct):
    """A policy."""

    id: int
    name: str
    src_registry: Registry
    dest_registry: Registry
    dest_namespace_replace_count: int
    trigger: ReplicationTrigger
    creation_time: str
    update_time: str
    speed: int
    copy_by_chunk: bool
    single_active_replication: bool
    filters: list[ReplicationFilter] | None = None
    description: str | UnsetType = UNSET
    dest_namespace: str | UnsetType = UNSET
    replicate_deletion: bool | UnsetType = UNSET
    deletion: bool | UnsetType = UNSET
    override: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class StartReplication(msgspec.Struct):
    """Which policy is to be run."""

    policy_id: Int64 | None = None


TABLE: Table[ReplicationRow] = Table(
    {
        "creation_time": lambda one: one.created_at,
        "enabled": lambda one: one.enabled,
        "id": lambda one: one.id,
        "name": lambda one: one.name,
        "update_time": lambda one: one.changed_at,
    },
    (Order("creation_time", descending=True), Order("id", descending=True)),
    frozenset({"creation_time", "update_time"}),
)


class Replications:
    """Answers about policies."""

    def __init__(self, replication: ReplicationService, remotes: RemoteService) -> None:
        self._replication = replication
        self._remotes = remotes
        self._registries = Registries(remotes)

    async def list_all(self, call: Call) -> Response:
        """List policies."""
        wanted = query_of(call)
        if name := call.text("name"):
            wanted["name"] = Fuzzy(name)
        rows = await self._replication.page(0, POLICIES_MAX)
        found = TABLE.select(rows, wanted, call.text("sort") or "")
        items = [await self._shown(row) for row in part_of(call, found)]
        return call.listed(items, len(found))

    async def create(self, call: Call) -> Response:
        """Keep a policy."""
        wanted = _wanted(await call.fields(ReplicationBody))
        row = await self._replication.create(wanted, call.caller)
        return created(f"/replication/policies/{row.id}")

    async def get(self, call: Call) -> Response:
        """Return a policy."""
        row = await self._replication.find(call.id("policy"))
        return json_response(200, await self._shown(row))

    async def update(self, call: Call) -> Response:
        """Write a policy anew."""
        wanted = _wanted(await call.fields(ReplicationBody))
        await self._replication.change(call.id("policy"), wanted, call.caller)
        return done()

    async def remove(self, call: Call) -> Response:
        """Remove a policy."""
        await self._replication.remove(call.id("policy"), call.caller)
        return done()

    async def executions(self, call: Call) -> Response:
        """List runs, of which there are none yet."""
        return empty(call)

    async def start(self, call: Call) -> Response:
        """Say that nothing is run yet."""
        given = await call.fields(StartReplication)
        await self._replication.find(given.policy_id or 0)
        raise NotHere("copy by replication policies")

    async def no_execution(self, call: Call) -> Response:
        """Say that there is no such run."""
        raise Fault(Code.NOT_FOUND, f"replication execution {call.id('run')} not found")

    async def _shown(self, row: ReplicationRow) -> ReplicationPolicy:
        said = meaning(row)
        remote = await self._registries.shown(await self._remotes.find(row.remote_id))
        pulls = said.direction is Direction.PULL
        made = ReplicationPolicy(
            id=row.id,
            name=row.name,
            src_registry=remote if pulls else LOCAL,
            dest_registry=LOCAL if pulls else remote,
            dest_namespace_replace_count=said.replaces,
            trigger=ReplicationTrigger(_TRIGGERS[said.trigger]),
            creation_time=moment(row.created_at),
            update_time=moment(row.changed_at),
            speed=said.bandwidth_bytes // KIB,
            copy_by_chunk=said.chunked,
            single_active_replication=said.single,
            filters=[_shown_filter(one) for one in said.filters] or None,
        )
        if said.cron:
            made.trigger.trigger_settings = ReplicationTriggerSettings(said.cron)
        made.description = said.description or UNSET
        made.dest_namespace = said.namespace or UNSET
        made.deletion = made.replicate_deletion = said.deletion or UNSET
        made.override, made.enabled = said.override or UNSET, row.enabled or UNSET
        return made


def replication_routes(here: Replications) -> list[Route]:
    """Return what is served of replication."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    needs, base = Permission.REPLICATION_MANAGE, "/replication/policies"
    one, runs = f"{base}/{{policy}}", "/replication/executions"
    query = (Argument("q", "What is looked for."), Argument("name", "Part of the name."))
    listed = about("List replication policies", gives=list[ReplicationPolicy], query=query)
    body, shown = ReplicationBody, ReplicationPolicy
    made = about("Create a replication policy", takes=body, status=201, errors=(400, 404, 409))
    got = about("Get a replication policy", gives=shown, errors=(404,))
    changed = about("Update a replication policy", takes=body, errors=(400, 404, 409))
    started = about("Start a replication", takes=StartReplication, errors=(404, 412))
    missing = (404,)
    return [
        Route("GET", base, here.list_all, needs, listed),
        Route("POST", base, here.create, needs, made),
        Route("GET", one, here.get, needs, got),
        Route("PUT", one, here.update, needs, changed),
        Route("DELETE", one, here.remove, needs, about("Delete a replication policy")),
        Route("GET", runs, here.executions, needs, about("List replications", gives=list[Any])),
        Route("POST", runs, here.start, needs, started),
        *(
            Route(method, f"{runs}/{{run}}{rest}", here.no_execution, needs, told)
            for method, rest, told in (
                ("GET", "", about("Get a replication", errors=missing)),
                ("PUT", "", about("Stop a replication", errors=missing)),
                ("GET", "/tasks", about("List tasks of a replication", errors=missing)),
                ("GET", "/tasks/{task}/log", about("Get a replication's log", errors=missing)),
            )
        ),
    ]


def _wanted(given: ReplicationBody) -> Wanted:
    """Return a policy in our words; `Fault(REQUEST_INVALID)` for what cannot be one."""
    source = (given.src_registry or RegistryOf()).id or 0
    target = (given.dest_registry or RegistryOf()).id or 0
    if bool(source) == bool(target):
        raise Fault(
            Code.REQUEST_INVALID,
            "either src_registry or dest_registry should be empty and the other one shouldn't be "
            "empty",
        )
    trigger = given.trigger or ReplicationTrigger()
    kind = next((ours for ours, theirs in _TRIGGERS.items() if theirs == trigger.type), None)
    if trigger.type and kind is None:
        raise Fault(
            Code.REQUEST_INVALID,
            f"invalid trigger type {trigger.type[:40]!a}: use {', '.join(_TRIGGERS.values())}",
        )
    settings = trigger.trigger_settings or ReplicationTriggerSettings()
    kind = kind or Trigger.MANUAL
    count = given.dest_namespace_replace_count
    document = {
        "direction": Direction.PULL if source else Direction.PUSH,
        "description": given.description or "",
        "filters": [_filter(one) for one in given.filters or () if one.type and one.value],
        "destination": {
            "namespace": given.dest_namespace or "",
            "replaces": LEGACY if count is None else count,
        },
        "trigger": {"kind": kind, "cron": settings.cron or "" if kind is Trigger.SCHEDULED else ""},
        "override": bool(given.override),
        "deletion": bool(given.deletion or given.replicate_deletion),
        "bandwidth_bytes": max(0, given.speed or 0) * KIB,
        "chunked": bool(given.copy_by_chunk),
        "single": bool(given.single_active_replication),
    }
    return Wanted(given.name or "", source or target, document, enabled=bool(given.enabled))


def _filter(given: ReplicationFilter) -> dict[str, Any]:
    field = _FIELDS.get(given.type or "")
    if field is None:
        raise Fault(
            Code.REQUEST_INVALID,
            f"invalid filter type {(given.type or '')[:40]!a}: use {', '.join(_FIELDS)}",
        )
    if given.decoration not in (None, "", MATCHES, EXCLUDES):
        raise Fault(Code.REQUEST_INVALID, f"the decoration of a filter is {MATCHES} or {EXCLUDES}")
    return {"field": field, "value": given.value, "exclude": given.decoration == EXCLUDES}


def _shown_filter(one: Filter) -> ReplicationFilter:
    is_list = one.field is Field.LABEL or len(one.values) > 1
    made = ReplicationFilter(_TYPES[one.field], [*one.values] if is_list else one.values[0])
    if one.exclude or one.field in (Field.TAG, Field.LABEL):
        made.decoration = EXCLUDES if one.exclude else MATCHES
    return made
