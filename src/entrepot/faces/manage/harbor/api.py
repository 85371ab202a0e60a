"""`/api/v2.0`: routes, callers and paths as Harbor has them.

Conventions are those that were recorded from a running Harbor: numbers or names of projects in
paths, repository names encoded twice, pages by number, 422 for what does not fit the schema.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from entrepot.faces.asgi import (
    JSON,
    App,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    send_response,
    unquoted,
)
from entrepot.faces.manage import api
from entrepot.faces.manage.callers import Browsers, Need, nobody
from entrepot.faces.refusals import note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import essence
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.services.access import AccessService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.authentication import unauthorized
from entrepot.services.authority import Acting
from entrepot.services.context import Caller

from .answers import ROOT, Unprocessable, failed, failure, listed
from .sessions import known, tell_token

BODY_MAX_BYTES = 256 * 1024
PAGE_SIZE_DEFAULT = 10
PAGE_SIZE_MAX = 100
PAGE_MAX = 1_000_000_000
NUMBER_DIGITS_MAX = 18
BY_NAME = b"x-is-resource-name"

Body = TypeVar("Body")


class Numbers(Protocol):
    """Numbers of what has only a name."""

    async def name(self, kind: str, number: int) -> str | None:
        """Return whose number it is, or None."""
        ...


class Call(api.Call):
    """One request: `{project}` and `{repository}` of the path are full names already."""

    @property
    def acting(self) -> Acting:
        """Who changes something."""
        return Acting(self.identity, self.caller)

    @property
    def page(self) -> int:
        """The page asked for, from 1; 0 is taken for the first, as Harbor does."""
        return self._integer("page", 1, 0, PAGE_MAX)

    @property
    def page_size(self) -> int:
        """How many entries a page may have; `Unprocessable` beyond 100.

        0, which clients send for all there are, is taken for the most that a page has.
        """
        return self._integer("page_size", PAGE_SIZE_DEFAULT, 0, PAGE_SIZE_MAX) or PAGE_SIZE_MAX

    @property
    def offset(self) -> int:
        """How many entries lie before the page."""
        return (max(self.page, 1) - 1) * self.page_size

    @property
    def place(self) -> str:
        """What was asked for, below `ROOT`: new things lie below it, as the caller named it."""
        return self.request.raw_path.removeprefix(ROOT).removesuffix("/")

    @property
    def names_in_location(self) -> bool:
        """Whether a new resource is to be named by its name in `Location`."""
        return self.flag(b"x-resource-name-in-location")

    def flag(self, header: bytes) -> bool:
        """Whether a header says true."""
        return (self.request.header(header) or "").lower() == "true"

    def asks(self, name: str, *, default: bool = False) -> bool:
        """Whether a query argument says true."""
        text = self.text(name)
        return default if text is None else text.lower() in ("true", "1")

    def id(self, name: str) -> int:
        """Return a number of the path; `Unprocessable` for what is none."""
        text = self.parts[name]
        if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
            raise Unprocessable(f"{name} in path must be of type int64: {text[:20]!a}")
        return int(text)

    async def fields(self, kind: type[Body]) -> Body:
        """Return the body as a value; unknown keys are ignored, as Harbor does."""
        given = essence(self.request.header(b"content-type") or "")
        if given != JSON:
            raise Unprocessable(f"unsupported media type {given[:80]!a}, only {JSON} is allowed")
        raw = await self.request.read(BODY_MAX_BYTES)
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unprocessable(f"parsing the body failed, because {error}") from error

    def listed(self, items: Sequence[Any], total: int) -> Response:
        """Return the page that was asked for."""
        return listed(self.request, items, total, page=self.page, page_size=self.page_size)

    def _integer(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name)
        if text is None or not text:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
            raise Unprocessable(f"{name} in query must be of type int64: {text[:20]!a}")
        if int(text) < least:
            raise Unprocessable(f"{name} in query should be greater than or equal to {least}")
        if int(text) > most:
            raise Unprocessable(f"{name} in query should be less than or equal to {most}")
        return int(text)


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below `ROOT`.

    `{project}` is a name; `{project_id}` a name or a number, and the handler finds the name as
    `project`. `{repository}` becomes the full name. `needs` is as for our own API.
    """

    method: str
    path: str
    handler: Handler
    needs: Permission | Need
    told: Any = field(default=None, compare=False)


_ANYBODYS = (Need.NOTHING, Need.ANYONE)

_Table = dict[int, list[tuple[list[str], Route]]]
"""Routes with the segments of their paths, by how many there are."""


def harbor_app(
    routes: Sequence[Route],
    access: AccessService,
    numbers: Numbers,
    *,
    trail: AuditTrail | None = None,
    browsers: Browsers | None = None,
) -> App:
    """Return the application of all routes."""
    table: _Table = {}
    for route in routes:
        pattern = route.path.split("/")[1:]
        table.setdefault(len(pattern), []).append((pattern, route))

    async def answer(request: Request) -> Response:
        found, parts, allowed = _find(table, request)
        if found is not None and found.needs is Need.NOTHING:
            identity = nobody(request)
        else:
            identity = await known(access, browsers, request)
        if found is None:
            return _nothing(request, allowed)
        if identity.kind is Kind.ANONYMOUS and found.needs not in _ANYBODYS:
            # Who is nobody does not learn what numbers there are.
            raise unauthorized(api.LOG_IN)
        await _resolve(parts, numbers, by_name=_is_true(request, BY_NAME))
        caller = Caller(identity.name, request.client_program, identity.address)
        call = Call(request, caller, parts, identity, access)
        await api.admit(call, found.needs)
        if isinstance(found.needs, Permission):
            await _check_there(call)
        return await found.handler(call)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await answer(request)
        except Fault as fault:
            path = request.raw_path.removeprefix(ROOT)
            operation = f"api.{request.method.lower()}"
            note_refusal(trail, request, fault, operation=operation, resource=path)
            response = failure(fault)
        if browsers is not None:
            tell_token(request, response)
        response.set("Cache-Control", "no-store")
        await send_response(scope, send, response)

    return app


def _find(table: _Table, request: Request) -> tuple[Route | None, dict[str, str], tuple[str, ...]]:
    """Return the route and its path's parts, or else the methods that the address has."""
    path = request.raw_path
    # Some clients write `/quotas/` for `/quotas`.
    given = path.removeprefix(ROOT).removesuffix("/")
    segments = given.split("/")[1:] if path.startswith(f"{ROOT}/") else []
    # A fixed segment goes before a name: `/robots/...` is no project called robots.
    best: tuple[int, Route, dict[str, str]] | None = None
    allowed = []
    for pattern, route in table.get(len(segments), ()):
        parts = api.match(pattern, segments)
        if parts is None:
            continue
        if route.method != request.method:
            allowed.append(route.method)
        elif best is None or len(parts) < best[0]:
            best = (len(parts), route, parts)
    if best is not None:
        return best[1], best[2], ()
    return None, {}, tuple(allowed)


async def _check_there(call: Call) -> None:
    """Raise `Fault(NOT_FOUND)` for a project that there is not: the caller may know."""
    project = call.parts.get("project")
    if project and not (await call.access.facts(call.identity, project)).exists:
        raise Fault(Code.NOT_FOUND, f"project {project[:80]} not found")


async def _resolve(parts: dict[str, str], numbers: Numbers, *, by_name: bool) -> None:
    """Turn numbers of projects, and parts of repository names, into names."""
    given = parts.pop("project_id", None)
    if given is not None:
        is_number = given.isascii() and given.isdecimal() and len(given) <= NUMBER_DIGITS_MAX
        name = await numbers.name("project", int(given)) if is_number and not by_name else given
        if not name:
            raise Fault(Code.NOT_FOUND, f"project {given[:80]} not found")
        parts["project"] = name
    if "repository" in parts:
        # Proxies undo one encoding, so clients encode the slashes twice.
        rest = unquoted(parts["repository"])
        parts["repository"] = RepositoryName.parse(f"{parts['project']}/{rest}")


def _nothing(request: Request, allowed: tuple[str, ...]) -> Response:
    path = request.raw_path[:200]
    if not allowed:
        return failed(404, "NOT_FOUND", f"path {path} was not found")
    message = f"method {request.method[:20]} is not allowed for {path}"
    response = failed(405, "METHOD_NOT_ALLOWED", message)
    response.set("Allow", ", ".join(allowed))
    return response


def _is_true(request: Request, header: bytes) -> bool:
    return (request.header(header) or "").lower() == "true"
