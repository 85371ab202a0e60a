"""`/api/entrepot/v1`: routes, callers and problem details (RFC 9457).

Each resource's module gives a list of routes; one application serves them all, publicly to those
who may manage, and on the control socket to the operator.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from entrepot.faces.asgi import (
    JSON,
    App,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    json_response,
    send_response,
    unquoted,
)
from entrepot.faces.refusals import note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import essence
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import NO_FACTS, Identity, Kind, keeps_out
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Level, Permission
from entrepot.services.access import AccessService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.authentication import unauthorized
from entrepot.services.context import Caller
from entrepot.services.idempotency import IdempotencyService

from .about import PAGE_DEFAULT, PAGE_MAX, About, Operation, Page
from .arguments import number
from .callers import THE_OPERATOR, Browsers, Need, challenge, identify, nobody
from .preconditions import Shown, conditional
from .problems import PROBLEM, Problem, problem
from .replaying import has_key, once

ROOT = "/api/entrepot/v1"
BODY_MAX_BYTES = 64 * 1024
LOG_IN = "log in: send user name and password"

Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: who asks, and the path's parts by their names, decoded."""

    request: Request
    caller: Caller
    parts: dict[str, str]
    identity: Identity
    access: AccessService

    @property
    def repository(self) -> RepositoryName:
        """The path's `{repository}`: one segment, its slashes as %2F."""
        return RepositoryName.parse(self.parts["repository"])

    @property
    def target(self) -> Target:
        """What the path is about: a repository, a project, or the registry."""
        if "repository" in self.parts:
            return Target.of(self.repository)
        return Target(self.parts["project"]) if "project" in self.parts else REGISTRY

    @property
    def by(self) -> Identity | None:
        """Who asks, for services that look at what they hold; None for the operator."""
        return None if self.identity is THE_OPERATOR else self.identity

    async def require(self, permission: Permission, target: Target = REGISTRY) -> None:
        """Raise unless the caller may do this: UNAUTHORIZED, DENIED or UNSUPPORTED."""
        if self.by is not None:
            await self.access.require(self.by, permission, target)

    async def may(self, permission: Permission, target: Target = REGISTRY) -> bool:
        """Whether the caller may do this."""
        by = self.by
        return by is None or await self.access.permits(by, permission, target)

    async def places(self, permission: Permission) -> frozenset[str] | None:
        """Return the projects in which the caller may do this, beside public ones; None for all."""
        by = self.by
        return None if by is None else await self.access.places(by, permission)

    def text(self, name: str) -> str | None:
        """Return a query argument, or None."""
        return self.request.argument(name)

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a query argument that is a number within bounds."""
        return number(self.request.argument(name), name, default, (least, most))

    def limit(self) -> int:
        """Return how many entries a page may have."""
        return self.number("limit", PAGE_DEFAULT, least=1, most=PAGE_MAX)

    async def body(self, kind: type[Body], limit_bytes: int = BODY_MAX_BYTES) -> Body:
        """Return the body as a value; `Fault(REQUEST_INVALID)` says what is wrong with it."""
        # A page of another site can make a browser send text or a form, but not this type.
        if essence(self.request.header(b"content-type") or "") != JSON:
            raise Fault(
                Code.REQUEST_INVALID, f"the body is not declared as JSON: send Content-Type: {JSON}"
            )
        raw = await self.request.read(limit_bytes)
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Fault(Code.REQUEST_INVALID, f"the body is not as expected: {error}") from error


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below `ROOT`, whose `{name}` segments a handler finds in `parts`.

    `needs` is what the caller must be allowed: on the `{repository}` or `{project}` of the path
    as far as the permission is about one, on the registry otherwise.
    """

    method: str
    path: str
    handler: Handler
    needs: Permission | Need
    told: About | None = None


def operations(routes: Iterable[Route]) -> list[Operation]:
    """Return what is told of routes, as far as it is."""
    return [
        Operation(route.method, route.path, route.told, _needed(route.needs))
        for route in routes
        if route.told is not None
    ]


def _needed(needs: Permission | Need) -> str:
    return "" if needs is Need.NOTHING else needs.value


def api_app(
    routes: Sequence[Route],
    access: AccessService,
    *,
    operator: bool,
    trail: AuditTrail | None = None,
    browsers: Browsers | None = None,
    keeping: IdempotencyService | None = None,
) -> App:
    """Return the application; with `operator`, callers need no credentials.

    That is for the control socket, which only the operator's own user can open. `keeping` keeps
    answers by Idempotency-Key.
    """
    table = [(route.path.split("/")[1:], route) for route in routes]

    async def identity_of(request: Request, found: "_Found") -> Identity:
        if operator:
            return THE_OPERATOR
        if found.route is not None and found.route.needs is Need.NOTHING:
            return nobody(request)
        return await identify(access, browsers, request)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            found = _find(table, request)
            identity = await identity_of(request, found)
            caller = Caller(identity.name, request.client_program, identity.address)
            call = Call(request, caller, found.parts, identity, access)
            response = await _answer(found, call, keeping)
        except Fault as fault:
            path = request.raw_path.removeprefix(ROOT)
            operation = f"api.{request.method.lower()}"
            note_refusal(trail, request, fault, operation=operation, resource=path)
            response = problem(fault, challenge(request))
        response.set("Cache-Control", "no-store")
        await send_response(scope, send, response)

    return app


def moment(seconds: float) -> str:
    """Return a time as RFC 3339 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe(seconds: float | None) -> str | None:
    """Return a time as RFC 3339 has it, or None for none."""
    return moment(seconds) if seconds is not None else None


def page(items: list[Any], following: str | int | None) -> Response:
    """Return a page; `next` is what to ask for after it, null at the end."""
    return json_response(200, Page(items, following))


@dataclass(frozen=True, slots=True)
class _Found:
    """The route of a request, or else the methods that its address has."""

    route: Route | None = None
    parts: dict[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    reading: tuple[Route, dict[str, str]] | None = None
    """What answers a GET of the address, and the parts of its own path."""


def _find(table: list[tuple[list[str], Route]], request: Request) -> _Found:
    path = request.raw_path.rstrip("/")
    segments = path.removeprefix(ROOT).split("/")[1:] if path.startswith(f"{ROOT}/") else []
    there: dict[str, tuple[Route, dict[str, str]]] = {}
    for pattern, route in table:
        matched = match(pattern, segments)
        if matched is None:
            continue
        other = there.get(route.method)
        # Fixed words go before names: `/remotes/ping` is no remote called ping.
        if other is None or len(matched) < len(other[1]):
            there[route.method] = (route, matched)
    reading = there.get("GET")
    if request.method not in there:
        return _Found(allowed=tuple(there))
    return _Found(*there[request.method], tuple(there), reading)


async def _answer(found: _Found, call: Call, keeping: IdempotencyService | None) -> Response:
    request, identity, route = call.request, call.identity, found.route
    if route is not None:
        await admit(call, route.needs)

        async def answer(again: Request) -> Response:
            return await _handle(route, found.reading, replace(call, request=again))

        if not has_key(request):
            return await answer(request)
        return await once(keeping, request, identity, route.told, answer)
    # Who is nobody does not learn what there is.
    if identity.kind is Kind.ANONYMOUS:
        raise unauthorized(LOG_IN)
    if not found.allowed:
        text = f"nothing is served at this address: what there is, is below {ROOT}"
        raise Fault(Code.NOT_FOUND, text)
    text = f"{request.method[:20]} is not served at this address"
    body = Problem(status=405, title=Code.UNSUPPORTED.value, detail=text)
    response = json_response(405, body, PROBLEM)
    response.set("Allow", ", ".join(found.allowed))
    return response


async def _handle(
    route: Route, reading: tuple[Route, dict[str, str]] | None, call: Call
) -> Response:
    """Return a route's answer, if the request's conditions hold."""
    shown = reading[0].told if reading is not None else None

    async def answer() -> Response:
        return await route.handler(call)

    async def read() -> Response:
        if reading is None:
            raise Fault(Code.NOT_FOUND, "nothing is shown at this address: send no If-Match here")
        getting, parts = reading
        there = replace(call, parts=parts)
        await admit(there, getting.needs)
        return await getting.handler(there)

    return await conditional(call.request, route.told, answer, Shown(shown, read))


async def admit(call: Call, needs: Permission | Need) -> None:
    """Raise unless the caller may have the route's answer."""
    identity = call.identity
    if needs is Need.NOTHING or identity is THE_OPERATOR:
        return
    if identity.kind is Kind.ANONYMOUS and needs is not Need.ANYONE:
        raise unauthorized(LOG_IN)
    if isinstance(needs, Permission):
        await call.require(needs, REGISTRY if needs.level is Level.REGISTRY else call.target)
        return
    if identity.grants is not None:
        raise unauthorized("tokens of the registry are for images: send user and password")
    # What needs a permission asks this too.
    outside = keeps_out(identity, REGISTRY, call.access.policy, NO_FACTS)
    if outside:
        raise Fault(Code.DENIED, outside)


def match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    """Return the parts of a path that its pattern names, decoded; None where it does not fit."""
    if len(pattern) != len(segments):
        return None
    parts = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            parts[wanted[1:-1]] = unquoted(given)
        elif wanted != given:
            return None
    return parts
