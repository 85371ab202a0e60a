"""Declared configuration over HTTP, below `/api/entrepot/v1`."""

import hashlib
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.declaring.difference import Step, Verb
from entrepot.rules.declaring.document import Document, read_document
from entrepot.rules.declaring.items import Kind
from entrepot.rules.permissions import Level, Permission
from entrepot.services.authority import Acting
from entrepot.services.declaring import DeclaringService, Plan, Scope

from .about import About, Argument
from .api import Call, Route
from .callers import Need

DOCUMENT_MAX_BYTES = 1024 * 1024
PROJECTS_MAX = 100
"""Most projects named in one export."""

_READS = (
    Permission.PROJECT_READ,
    Permission.GRANT_READ,
    Permission.POLICY_READ,
    Permission.QUOTA_READ,
    Permission.WEBHOOK_READ,
)
_DOES = {
    Kind.ROLE: Permission.ROLE_MANAGE,
    Kind.GROUP: Permission.USER_MANAGE,
    Kind.POLICY: Permission.POLICY_MANAGE,
    Kind.MEMBER: Permission.GRANT_MANAGE,
    Kind.LABEL: Permission.LABEL_MANAGE,
    Kind.REGISTRY: Permission.REMOTE_MANAGE,
    Kind.REPLICATION: Permission.REPLICATION_MANAGE,
    Kind.WEBHOOK: Permission.WEBHOOK_MANAGE,
}
_OF_PROJECT = {
    Verb.ADD: Permission.PROJECT_CREATE,
    Verb.CHANGE: Permission.PROJECT_UPDATE,
    Verb.REMOVE: Permission.PROJECT_DELETE,
}


class Configuration(msgspec.Struct, forbid_unknown_fields=True):
    """What there shall be; `docs/configuration.md` tells of the document."""

    document: dict[str, Any] | None
    prune: bool = False
    """Whether what else is in the lists of the document goes."""
    fingerprint: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """That of a plan: nothing is done when another would be made now."""


class FieldChange(msgspec.Struct):
    """A field that becomes another; `before` is null where there was none."""

    field: str
    before: Any
    after: Any


class PlannedStep(msgspec.Struct):
    """One thing to do; `place` is where the document says so, empty for what is pruned."""

    verb: str
    kind: str
    project: str
    name: str
    place: str
    changes: list[FieldChange]


class PlanOfSteps(msgspec.Struct):
    """Steps in the order in which they are done."""

    steps: list[PlannedStep]
    fingerprint: str


class DoneSteps(msgspec.Struct):
    """What was done; `failed` is the step that was not, and none after it was tried."""

    done: list[PlannedStep]
    failed: PlannedStep | None
    error: str


_EXPORT = About(
    "Export the configuration",
    gives=dict[str, Any],
    query=(Argument("project", "Only of this project; may be repeated."),),
    tag="configuration",
)
_PLAN = About("Plan a configuration", Configuration, PlanOfSteps, tag="configuration")
_APPLY = About(
    "Apply a configuration",
    Configuration,
    DoneSteps,
    errors=(409,),
    tag="configuration",
    text="Steps are done one by one, as far as the caller may; the first that fails ends it.",
)


def declaring_routes(declaring: DeclaringService) -> list[Route]:
    """Return what is served of declared configuration."""

    async def export(call: Call) -> Response:
        names = call.request.query.get("project", [])[: PROJECTS_MAX + 1]
        if len(names) > PROJECTS_MAX:
            raise Fault(Code.REQUEST_INVALID, f"too many projects: name up to {PROJECTS_MAX}")
        scope = Scope(tuple(names), registry=False) if names else Scope()
        copies = await call.may(Permission.REPLICATION_MANAGE)
        scope = replace(scope, replication=copies)
        await _check_reads(call, scope)
        return json_response(200, await declaring.export(scope))

    async def plan(call: Call) -> Response:
        asked = await call.body(Configuration, DOCUMENT_MAX_BYTES)
        return json_response(200, _plan(await planned(call, asked)))

    async def apply(call: Call) -> Response:
        asked = await call.body(Configuration, DOCUMENT_MAX_BYTES)
        made = await planned(call, asked)
        if asked.fingerprint and asked.fingerprint != _fingerprint(made):
            raise Fault(
                Code.CONFLICT, "what there is has changed since the plan was made: plan again"
            )

        async def check(step: Step) -> None:
            await _check_does(call, step)

        done: list[PlannedStep] = []
        async for outcome in declaring.apply(made, Acting(call.identity, call.caller), check):
            if outcome.fault is not None:
                failed = DoneSteps(done, _step(outcome.step), outcome.fault.message)
                return json_response(200, failed)
            done.append(_step(outcome.step))
        return json_response(200, DoneSteps(done, None, ""))

    async def planned(call: Call, asked: Configuration) -> Plan:
        document = read_document(asked.document)
        await _check_reads(call, _scope(document, prune=asked.prune))
        return await declaring.plan(document, prune=asked.prune)

    return [
        Route("GET", "/configuration", export, Need.LOGIN, _EXPORT),
        Route("POST", "/configuration/plan", plan, Need.LOGIN, _PLAN),
        Route("POST", "/configuration/apply", apply, Need.LOGIN, _APPLY),
    ]


def _scope(document: Document, *, prune: bool) -> Scope:
    """Return what has to be read for a document, at most."""
    projects = document.projects
    lists = (document.roles, document.groups, document.labels, document.registries)
    registry = any(one is not msgspec.UNSET for one in lists)
    if projects is msgspec.UNSET:
        return Scope((), registry, replication=False)
    names = None if prune else tuple(entry.name for entry in projects)
    copies = any(entry.replication is not msgspec.UNSET for entry in projects)
    return Scope(names, registry, copies)


async def _check_reads(call: Call, scope: Scope) -> None:
    """Raise unless the caller may see all of this, so that no plan tells what is not for them."""
    if scope.registry:
        await call.require(Permission.USER_READ)
        await call.require(Permission.REMOTE_MANAGE)
    if scope.replication:
        await call.require(Permission.REPLICATION_MANAGE)
    for permission in _READS:
        if scope.projects is None:
            await call.require(permission, REGISTRY)
            continue
        for name in scope.projects:
            # Who may make projects may ask for one that is not there yet.
            if not await call.may(permission, Target(name)):
                await call.require(Permission.PROJECT_CREATE)
                facts = await call.access.facts(call.identity, name)
                if facts.exists:
                    await call.require(permission, Target(name))


async def _check_does(call: Call, step: Step) -> None:
    item = step.item
    if item.kind is not Kind.PROJECT:
        permission = _DOES[item.kind]
        of_registry = permission.level is Level.REGISTRY or not item.project
        await call.require(permission, REGISTRY if of_registry else Target(item.project))
        return
    if step.verb is Verb.ADD:
        await call.require(Permission.PROJECT_CREATE)
    else:
        own = {change.field for change in step.changes} != {"storage_limit"}
        if own:
            await call.require(_OF_PROJECT[step.verb], Target(item.name))
    if "storage_limit" in step.fields and step.verb is not Verb.REMOVE:
        await call.require(Permission.QUOTA_MANAGE)


def _plan(plan: Plan) -> PlanOfSteps:
    return PlanOfSteps([_step(step) for step in plan.steps], _fingerprint(plan))


def _step(step: Step) -> PlannedStep:
    changes = [FieldChange(one.field, one.before, one.after) for one in step.changes]
    item = step.item
    return PlannedStep(
        step.verb.value, item.kind.value, item.project, item.name, step.place, changes
    )


def _fingerprint(plan: Plan) -> str:
    steps = msgspec.json.encode([_step(step) for step in plan.steps], order="deterministic")
    return hashlib.sha256(steps).hexdigest()
