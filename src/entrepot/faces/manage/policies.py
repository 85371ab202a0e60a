"""Policies and quotas over HTTP: `/projects/{project}/policies` and `/quotas`."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER, Ledger
from entrepot.ports.policies import PolicyRow
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.quota import Limit, parse_size
from entrepot.services.policies import PolicyService
from entrepot.services.quotas import QuotaService

from .about import About, Argument, Moment, Page, Size
from .api import Call, Route, moment, page
from .callers import Need

_SizeText = Annotated[str, msgspec.Meta(max_length=64)]


class PolicyBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a policy is to be: a document, as its kind has it."""

    document: Any


class QuotaBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a quota is to be; what is left out, null or -1 is no limit.

    Bytes are a number or as in `10GiB`.
    """

    limit_bytes: int | _SizeText | None = None
    limit_manifests: int | None = None


class PolicyView(msgspec.Struct):
    """A policy of a project."""

    project: str
    kind: str
    document: Any
    changed_at: Moment
    changed_by: str


class QuotaView(msgspec.Struct):
    """What a project or user holds, and may hold; null is no limit."""

    kind: str
    name: str
    used_bytes: Size
    manifests: int
    limit_bytes: int | None
    limit_manifests: int | None


def policy_routes(policies: PolicyService) -> list[Route]:
    """Return what is served of policies."""

    async def list_all(call: Call) -> Response:
        rows = await policies.all(call.parts["project"])
        return page([_policy(row) for row in rows], None)

    async def get(call: Call) -> Response:
        row = await policies.get(call.parts["project"], call.parts["kind"])
        return json_response(200, _policy(row))

    async def put(call: Call) -> Response:
        given = await call.body(PolicyBody)
        row = await policies.put(
            call.parts["project"], call.parts["kind"], given.document, call.caller
        )
        return json_response(200, _policy(row))

    async def remove(call: Call) -> Response:
        await policies.remove(call.parts["project"], call.parts["kind"], call.caller)
        return Response(204)

    return [
        Route("GET", _POLICIES, list_all, Permission.POLICY_READ, told=_LIST),
        Route("GET", f"{_POLICIES}/{{kind}}", get, Permission.POLICY_READ, told=_GET),
        Route("PUT", f"{_POLICIES}/{{kind}}", put, Permission.POLICY_MANAGE, told=_PUT),
        Route("DELETE", f"{_POLICIES}/{{kind}}", remove, Permission.POLICY_MANAGE, told=_REMOVE),
    ]


def quota_routes(quotas: QuotaService) -> list[Route]:
    """Return what is served of quotas."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        kind = call.text("kind") or KIND_PROJECT
        found = await quotas.page(kind, call.text("after") or "", limit + 1)
        items = [_quota(ledger) for ledger in found[:limit]]
        return page(items, items[-1].name if len(found) > limit else None)

    async def get(call: Call) -> Response:
        kind, name = call.parts["kind"], call.parts["name"]
        if kind == KIND_PROJECT:
            await call.require(Permission.QUOTA_READ, Target(name))
        elif kind != KIND_USER or name != call.identity.name:
            await call.require(Permission.QUOTA_MANAGE)
        return json_response(200, _quota(await quotas.find(kind, name)))

    async def put(call: Call) -> Response:
        given = await call.body(QuotaBody)
        limit = Limit(_bytes(given.limit_bytes), _number(given.limit_manifests))
        ledger = await quotas.set_limits(call.parts["kind"], call.parts["name"], limit, call.caller)
        return json_response(200, _quota(ledger))

    return [
        Route("GET", "/quotas", list_all, Permission.QUOTA_MANAGE, told=_QUOTAS),
        Route("GET", "/quotas/{kind}/{name}", get, Need.LOGIN, told=_GET_QUOTA),
        Route("PUT", "/quotas/{kind}/{name}", put, Permission.QUOTA_MANAGE, told=_PUT_QUOTA),
    ]


_POLICIES = "/projects/{project}/policies"
_LIST = About(
    "List policies of a project", gives=Page[PolicyView], tag="policies", name="list_policies"
)
_GET = About("Get a policy", gives=PolicyView, errors=(404,), tag="policies")
_PUT = About("Put a policy", takes=PolicyBody, gives=PolicyView, tag="policies")
_REMOVE = About("Remove a policy", status=204, errors=(404,), tag="policies")
_QUOTAS = About(
    "List quotas",
    gives=Page[QuotaView],
    query=(Argument("kind", "Of what: `project`, unless said, or `user`."),),
    pages="after",
    tag="quotas",
)
_GET_QUOTA = About("Get a quota", gives=QuotaView, errors=(404,), tag="quotas")
_PUT_QUOTA = About("Put a quota", takes=QuotaBody, gives=QuotaView, errors=(404,), tag="quotas")


def _bytes(given: int | str | None) -> int | None:
    return parse_size(given) if isinstance(given, str) else _number(given)


def _number(given: int | None) -> int | None:
    if given is not None and given < -1:
        raise Fault(
            Code.REQUEST_INVALID, f"{given} cannot be a quota: use 0 or more, or -1 for none"
        )
    return None if given == -1 else given


def _policy(row: PolicyRow) -> PolicyView:
    document = msgspec.json.decode(row.document)
    return PolicyView(row.project, row.kind, document, moment(row.changed_at), row.changed_by)


def _quota(ledger: Ledger) -> QuotaView:
    return QuotaView(
        ledger.kind,
        ledger.name,
        ledger.used_bytes,
        ledger.manifests,
        ledger.limit_bytes,
        ledger.limit_manifests,
    )
