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

from .api import Call, Route, moment, page
from .callers import Need

_Size = Annotated[str, msgspec.Meta(max_length=64)]


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a policy's PUT."""

    document: Any


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a quota's PUT; what is left out, null or -1 is no limit.

    Bytes are a number or as in `10GiB`.
    """

    limit_bytes: int | _Size | None = None
    limit_manifests: int | None = None


def policy_routes(policies: PolicyService) -> list[Route]:
    """Return what is served of policies."""

    async def list_all(call: Call) -> Response:
        rows = await policies.all(call.parts["project"])
        return page([_policy(row) for row in rows], None)

    async def get(call: Call) -> Response:
        row = await policies.get(call.parts["project"], call.parts["kind"])
        return json_response(200, _policy(row))

    async def put(call: Call) -> Response:
        given = await call.body(Document)
        row = await policies.put(
            call.parts["project"], call.parts["kind"], given.document, call.caller
        )
        return json_response(200, _policy(row))

    async def remove(call: Call) -> Response:
        await policies.remove(call.parts["project"], call.parts["kind"], call.caller)
        return Response(204)

    return [
        Route("GET", "/projects/{project}/policies", list_all, Permission.POLICY_READ),
        Route("GET", "/projects/{project}/policies/{kind}", get, Permission.POLICY_READ),
        Route("PUT", "/projects/{project}/policies/{kind}", put, Permission.POLICY_MANAGE),
        Route("DELETE", "/projects/{project}/policies/{kind}", remove, Permission.POLICY_MANAGE),
    ]


def quota_routes(quotas: QuotaService) -> list[Route]:
    """Return what is served of quotas."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        kind = call.text("kind") or KIND_PROJECT
        found = await quotas.page(kind, call.text("after") or "", limit + 1)
        items = [_quota(ledger) for ledger in found[:limit]]
        return page(items, items[-1]["name"] if len(found) > limit else None)

    async def get(call: Call) -> Response:
        kind, name = call.parts["kind"], call.parts["name"]
        if kind == KIND_PROJECT:
            await call.require(Permission.QUOTA_READ, Target(name))
        elif kind != KIND_USER or name != call.identity.name:
            await call.require(Permission.QUOTA_MANAGE)
        return json_response(200, _quota(await quotas.find(kind, name)))

    async def put(call: Call) -> Response:
        given = await call.body(Limits)
        limit = Limit(_bytes(given.limit_bytes), _number(given.limit_manifests))
        ledger = await quotas.set_limits(call.parts["kind"], call.parts["name"], limit, call.caller)
        return json_response(200, _quota(ledger))

    return [
        Route("GET", "/quotas", list_all, Permission.QUOTA_MANAGE),
        Route("GET", "/quotas/{kind}/{name}", get, Need.LOGIN),
        Route("PUT", "/quotas/{kind}/{name}", put, Permission.QUOTA_MANAGE),
    ]


def _bytes(given: int | str | None) -> int | None:
    return parse_size(given) if isinstance(given, str) else _number(given)


def _number(given: int | None) -> int | None:
    if given is not None and given < -1:
        raise Fault(
            Code.REQUEST_INVALID, f"{given} cannot be a quota: use 0 or more, or -1 for none"
        )
    return None if given == -1 else given


def _policy(row: PolicyRow) -> dict[str, Any]:
    return {
        "project": row.project,
        "kind": row.kind,
        "document": msgspec.json.decode(row.document),
        "changed_at": moment(row.changed_at),
        "changed_by": row.changed_by,
    }


def _quota(ledger: Ledger) -> dict[str, Any]:
    return {
        "kind": ledger.kind,
        "name": ledger.name,
        "used_bytes": ledger.used_bytes,
        "manifests": ledger.manifests,
        "limit_bytes": ledger.limit_bytes,
        "limit_manifests": ledger.limit_manifests,
    }
