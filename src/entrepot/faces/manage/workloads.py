"""Trust in workloads over HTTP: `/api/entrepot/v1/workloads`."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.federation.claims import TOKEN_MAX_CHARACTERS, shown
from entrepot.rules.federation.presets import PRESETS
from entrepot.rules.permissions import Permission
from entrepot.services.authority import Acting
from entrepot.services.trusting import Trust, TrustService
from entrepot.services.workloads import WorkloadService

from .api import Call, Route, moment, page


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a PUT, which `rules.federation.documents` reads strictly."""

    audience: Any = msgspec.UNSET
    conditions: Any = msgspec.UNSET
    kind: Any = msgspec.UNSET
    issuer: Any = msgspec.UNSET
    grants: Any = msgspec.UNSET
    description: Any = msgspec.UNSET


class Try(msgspec.Struct, forbid_unknown_fields=True):
    """A token of some issuer, to be looked at."""

    token: Annotated[str, msgspec.Meta(max_length=TOKEN_MAX_CHARACTERS)]


def workload_routes(trust: TrustService, workloads: WorkloadService | None) -> list[Route]:
    """Return what is served of rules; without `workloads` no token is looked at."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await trust.page(call.text("after") or "", limit + 1)
        items = [_shown(one) for one in found[:limit]]
        return page(items, items[-1]["name"] if len(found) > limit else None)

    async def put(call: Call) -> Response:
        document = msgspec.to_builtins(await call.body(Document))
        made = await trust.put(call.parts["rule"], document, Acting(call.identity, call.caller))
        return json_response(200, _shown(made))

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await trust.find(call.parts["rule"])))

    async def remove(call: Call) -> Response:
        await trust.remove(call.parts["rule"], Acting(call.identity, call.caller))
        return Response(204)

    found = [
        Route("GET", "/workloads", list_all, Permission.WORKLOAD_MANAGE),
        Route("GET", "/workloads/{rule}", get, Permission.WORKLOAD_MANAGE),
        Route("PUT", "/workloads/{rule}", put, Permission.WORKLOAD_MANAGE),
        Route("DELETE", "/workloads/{rule}", remove, Permission.WORKLOAD_MANAGE),
        Route("GET", "/workload-presets", _presets, Permission.WORKLOAD_MANAGE),
    ]
    if workloads is not None:
        found.append(_test_route(workloads))
    return found


def _test_route(workloads: WorkloadService) -> Route:
    async def test(call: Call) -> Response:
        body = await call.body(Try)
        claims, matched = await workloads.explain(body.token)
        answer = {
            "subject": shown(claims.get("sub")),
            "matches": [rule.name for rule in matched.rules],
            "misses": [{"rule": miss.rule, "reason": miss.reason} for miss in matched.misses],
        }
        return json_response(200, answer)

    return Route("POST", "/workload-test", test, Permission.WORKLOAD_MANAGE)


async def _presets(call: Call) -> Response:
    del call
    items = [
        {
            "kind": preset.kind,
            "title": preset.title,
            "issuer": preset.issuer,
            "claims": dict(preset.claims),
            "example": {name: list(patterns) for name, patterns in preset.example.items()},
        }
        for preset in PRESETS.values()
    ]
    return page(items, None)


def _shown(trust: Trust) -> dict[str, Any]:
    return {
        "name": trust.name,
        **trust.document,
        "changed_at": moment(trust.changed_at),
        "changed_by": trust.changed_by,
    }
