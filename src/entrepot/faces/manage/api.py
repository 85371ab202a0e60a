"""`/api/entrepot/v1`: routes, callers and problem details (RFC 9457).

Each resource's module gives a list of routes; one application serves them all, publicly to those
who may manage, and on the control socket to the operator.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
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
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import essence
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Action
from entrepot.services.access import AccessService
from entrepot.services.context import Caller

ROOT = "/api/entrepot/v1"
PROBLEM = "application/problem+json"
BODY_MAX_BYTES = 64 * 1024
PAGE_DEFAULT = 100
PAGE_MAX = 1000
NUMBER_DIGITS_MAX = 18
RETRY_SECONDS = 1
"""What Retry-After says with 429 and 503."""
OPERATOR = "operator"
"""The actor of what is asked for on the control socket."""

_STATUS = {
    Code.CONFLICT: 409,
    Code.DENIED: 403,
    Code.MANIFEST_TOO_BIG: 413,
    Code.MANIFEST_UNKNOWN: 404,
    Code.NAME_INVALID: 400,
    Code.NAME_UNKNOWN: 404,
    Code.NOT_FOUND: 404,
    Code.PRECONDITION: 412,
    Code.REQUEST_INVALID: 400,
    Code.TAG_INVALID: 400,
    Code.DIGEST_INVALID: 400,
    Code.TOOMANYREQUESTS: 429,
    Code.UNAUTHORIZED: 401,
    Code.UNAVAILABLE: 503,
    Code.UNSUPPORTED: 405,
}

Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: who asks, and the path's parts by their names, decoded."""

    request: Request
    caller: Caller
    parts: dict[str, str]

    @property
    def repository(self) -> RepositoryName:
        """The path's `{repository}`: one segment, its slashes as %2F."""
        return RepositoryName.parse(self.parts["repository"])

    def text(self, name: str) -> str | None:
        """Return a query argument, or None."""
        return self.request.argument(name)

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a query argument that is a number within bounds."""
        return _number(self.request.argument(name), name, default, (least, most))

    def limit(self) -> int:
        """Return how many entries a page may have."""
        return self.number("limit", PAGE_DEFAULT, least=1, most=PAGE_MAX)

    async def body(self, kind: type[Body]) -> Body:
        """Return the body as a value; `Fault(REQUEST_INVALID)` says what is wrong with it."""
        # A page of another site can make a browser send text or a form, but not this type.
        if essence(self.request.header(b"content-type") or "") != JSON:
            raise Fault(
                Code.REQUEST_INVALID, f"the body is not declared as JSON: send Content-Type: {JSON}"
            )
        raw = await self.request.read(BODY_MAX_BYTES)
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Fault(Code.REQUEST_INVALID, f"the body is not as expected: {error}") from error


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below `ROOT`, whose `{name}` segments a handler finds in `parts`."""

    method: str
    path: str
    handler: Handler


def api_app(routes: Sequence[Route], access: AccessService, *, operator: bool) -> App:
    """Return the application; with `operator`, callers need no credentials.

    That is for the control socket, which only the operator's own user can open.
    """
    table = [(route.path.split("/")[1:], route) for route in routes]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            actor = OPERATOR if operator else await _identify(access, request)
            response = await _answer(table, request, Caller(actor, request.client_program))
        except Fault as fault:
            response = problem(fault)
        response.set("Cache-Control", "no-store")
        await send_response(scope, send, response)

    return app


def moment(seconds: float) -> str:
    """Return a time as RFC 3339 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page(items: list[Any], following: str | int | None) -> Response:
    """Return a page; `next` is what to ask for after it, null at the end."""
    return json_response(200, {"items": items, "next": following})


def problem(fault: Fault) -> Response:
    """Return a fault as problem details."""
    status = _STATUS.get(fault.code, 500)
    body = {"status": status, "title": fault.code.value, "detail": fault.message}
    response = json_response(status, body, PROBLEM)
    if status == 401:
        response.set("WWW-Authenticate", 'Basic realm="Entrepot"')
    if status in (429, 503):
        response.set("Retry-After", str(RETRY_SECONDS))
    return response


async def _identify(access: AccessService, request: Request) -> str:
    identity = await access.identify(request.header(b"authorization"))
    await access.require(identity, Action.MANAGE)
    return identity.name


async def _answer(
    table: list[tuple[list[str], Route]], request: Request, caller: Caller
) -> Response:
    path = request.raw_path.rstrip("/")
    segments = path.removeprefix(ROOT).split("/")[1:] if path.startswith(f"{ROOT}/") else []
    allowed = []
    for pattern, route in table:
        parts = _match(pattern, segments)
        if parts is None:
            continue
        if route.method == request.method:
            return await route.handler(Call(request, caller, parts))
        allowed.append(route.method)
    if not allowed:
        raise Fault(
            Code.NOT_FOUND, f"nothing is served at this address: what there is, is below {ROOT}"
        )
    text = f"{request.method[:20]} is not served at this address"
    body = {"status": 405, "title": Code.UNSUPPORTED.value, "detail": text}
    response = json_response(405, body, PROBLEM)
    response.set("Allow", ", ".join(allowed))
    return response


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parts = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            parts[wanted[1:-1]] = unquoted(given)
        elif wanted != given:
            return None
    return parts


def _number(text: str | None, name: str, default: int, bounds: tuple[int, int | None]) -> int:
    if text is None:
        return default
    least, most = bounds
    # int() of a megabyte of digits would take long.
    is_number = text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX
    if not (is_number and int(text) >= least and (most is None or int(text) <= most)):
        up_to = f" to {most}" if most is not None else ""
        raise Fault(
            Code.REQUEST_INVALID,
            f"{name} is '{text[:20]}': write a number from {least}{up_to}",
            {name: text[:20]},
        )
    return int(text)
