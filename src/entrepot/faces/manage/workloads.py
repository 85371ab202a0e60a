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

from .about import About, Moment, Page
from .api import Call, Route, moment, page


class WorkloadBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which tokens of which issuer are trusted, and with what: all strings, lists and objects."""

    audience: Any = msgspec.UNSET
    conditions: Any = msgspec.UNSET
    kind: Any = msgspec.UNSET
    issuer: Any = msgspec.UNSET
    grants: Any = msgspec.UNSET
    description: Any = msgspec.UNSET


class TokenTry(msgspec.Struct, forbid_unknown_fields=True):
    """A token of some issuer, to be looked at."""

    token: Annotated[str, msgspec.Meta(max_length=TOKEN_MAX_CHARACTERS)]


class WorkloadGrantView(msgspec.Struct):
    """What is granted to workloads of a rule."""

    scope: str
    role: str = ""
    permissions: list[str] = []


class WorkloadView(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A rule of trust in workloads."""

    name: str
    kind: str
    issuer: str
    audience: str
    conditions: dict[str, list[str]]
    grants: list[WorkloadGrantView]
    description: str = ""
    changed_at: Moment
    changed_by: str


class WorkloadPreset(msgspec.Struct):
    """What is known of an issuer: its claims, and an example of conditions."""

    kind: str
    title: str
    issuer: str
    claims: dict[str, str]
    example: dict[str, list[str]]


class MissedRule(msgspec.Struct):
    """A rule that does not take a token, and why."""

    rule: str
    reason: str


class TokenMatch(msgspec.Struct):
    """Which rules take a token."""

    subject: str
    matches: list[str]
    misses: list[MissedRule]


def workload_routes(trust: TrustService, workloads: WorkloadService | None) -> list[Route]:
    """Return what is served of rules; without `workloads` no token is looked at."""
    needs = Permission.WORKLOAD_MANAGE

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await trust.page(call.text("after") or "", limit + 1)
        items = [_shown(one) for one in found[:limit]]
        return page(items, items[-1].name if len(found) > limit else None)

    async def put(call: Call) -> Response:
        document = msgspec.to_builtins(await call.body(WorkloadBody))
        made = await trust.put(call.parts["rule"], document, Acting(call.identity, call.caller))
        return json_response(200, _shown(made))

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await trust.find(call.parts["rule"])))

    async def remove(call: Call) -> Response:
        await trust.remove(call.parts["rule"], Acting(call.identity, call.caller))
        return Response(204)

    found = [
        Route("GET", "/workloads", list_all, needs, told=_LIST),
        Route("GET", "/workloads/{rule}", get, needs, told=_GET),
        Route("PUT", "/workloads/{rule}", put, needs, told=_PUT),
        Route("DELETE", "/workloads/{rule}", remove, needs, told=_REMOVE),
        Route("GET", "/workload-presets", _presets, needs, told=_PRESETS),
    ]
    if workloads is not None:
        found.append(_test_route(workloads))
    return found


def _test_route(workloads: WorkloadService) -> Route:
    async def test(call: Call) -> Response:
        body = await call.body(TokenTry)
        claims, matched = await workloads.explain(body.token)
        answer = TokenMatch(
            shown(claims.get("sub")),
            [rule.name for rule in matched.rules],
            [MissedRule(miss.rule, miss.reason) for miss in matched.misses],
        )
        return json_response(200, answer)

    return Route("POST", "/workload-test", test, Permission.WORKLOAD_MANAGE, told=_TEST)


_LIST = About("List workload rules", gives=Page[WorkloadView], pages="after", tag="workloads")
_GET = About("Get a workload rule", gives=WorkloadView, errors=(404,), tag="workloads")
_PUT = About(
    "Put a workload rule", takes=WorkloadBody, gives=WorkloadView, errors=(404,), tag="workloads"
)
_REMOVE = About("Remove a workload rule", status=204, errors=(404,), tag="workloads")
_PRESETS = About("List workload presets", gives=Page[WorkloadPreset], tag="workloads")
_TEST = About(
    "Try a workload's token",
    takes=TokenTry,
    gives=TokenMatch,
    tag="workloads",
    name="try_workload_token",
)


async def _presets(call: Call) -> Response:
    del call
    items = [
        WorkloadPreset(
            preset.kind,
            preset.title,
            preset.issuer,
            dict(preset.claims),
            {name: list(patterns) for name, patterns in preset.example.items()},
        )
        for preset in PRESETS.values()
    ]
    return page(items, None)


def _shown(trust: Trust) -> WorkloadView:
    kept = {
        "name": trust.name,
        **trust.document,
        "changed_at": moment(trust.changed_at),
        "changed_by": trust.changed_by,
    }
    return msgspec.convert(kept, WorkloadView)
