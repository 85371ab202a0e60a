"""Users over HTTP: `/api/entrepot/v1/users`, errors as problem details (RFC 9457)."""

from datetime import UTC, datetime
from typing import Annotated, Any

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
from entrepot.ports.accounts import Account
from entrepot.rules.access import Action
from entrepot.rules.roles import Role
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService

PATH = "/api/entrepot/v1/users"
PROBLEM = "application/problem+json"
BODY_MAX_BYTES = 16 * 1024
PAGE_DEFAULT = 100
PAGE_MAX = 1000
RETRY_SECONDS = 1
"""What Retry-After says with 429."""

_STATUS = {
    Code.CONFLICT: 409,
    Code.DENIED: 403,
    Code.MANIFEST_TOO_BIG: 413,
    Code.NOT_FOUND: 404,
    Code.REQUEST_INVALID: 400,
    Code.TOOMANYREQUESTS: 429,
    Code.UNAUTHORIZED: 401,
}
_METHODS_OF_ALL = ("GET", "POST")
_METHODS_OF_ONE = ("GET", "PATCH", "DELETE")

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST."""

    name: _Text
    password: _Text
    role: Role = Role.DEVELOPER


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a PATCH; what is left out stays."""

    password: _Text | None = None
    role: Role | None = None


def users_app(accounts: AccountService, access: AccessService, *, operator: bool) -> App:
    """Return the application; with `operator`, callers need no credentials.

    That is for the control socket, which only the operator's own user can open.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            if not operator:
                identity = await access.identify(request.header(b"authorization"))
                await access.require(identity, Action.MANAGE)
            response = await _answer(request, accounts)
        except Fault as fault:
            response = _problem(fault)
        response.set("Cache-Control", "no-store")
        await send_response(scope, send, response)

    return app


async def _answer(request: Request, accounts: AccountService) -> Response:
    path = request.raw_path.rstrip("/")
    if path == PATH:
        if request.method == "GET":
            return await _list(request, accounts)
        if request.method == "POST":
            return await _add(request, accounts)
        return _not_allowed(request, _METHODS_OF_ALL)
    parent, _, last = path.rpartition("/")
    if parent != PATH:
        raise Fault(Code.NOT_FOUND, f"nothing is served at this address: users are below {PATH}")
    name = unquoted(last)
    if request.method == "GET":
        return await _get(name, accounts)
    if request.method == "PATCH":
        return await _change(name, request, accounts)
    if request.method == "DELETE":
        await accounts.remove(name)
        return Response(204)
    return _not_allowed(request, _METHODS_OF_ONE)


async def _list(request: Request, accounts: AccountService) -> Response:
    limit = _limit(request)
    page = await accounts.page(request.argument("after") or "", limit + 1)
    items = [_shown(account) for account in page[:limit]]
    following = items[-1]["name"] if len(page) > limit else None
    return json_response(200, {"items": items, "next": following})


def _limit(request: Request) -> int:
    text = request.argument("limit")
    if text is None:
        return PAGE_DEFAULT
    # Four digits hold the most there is; int() of a megabyte of digits would take long.
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= PAGE_MAX):
        raise Fault(
            Code.REQUEST_INVALID,
            f"limit is '{text[:20]}': write a number from 1 to {PAGE_MAX}",
            {"limit": text[:20]},
        )
    return int(text)


async def _add(request: Request, accounts: AccountService) -> Response:
    new = await _body(request, NewUser)
    account = await accounts.add(new.name, new.password, new.role)
    response = json_response(201, _shown(account))
    response.set("Location", f"{PATH}/{account.name}")
    return response


async def _get(name: str, accounts: AccountService) -> Response:
    account = await accounts.find(name)
    if account is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no user {name[:64]}: list them, or add this one",
            {"name": name[:64]},
        )
    return json_response(200, _shown(account))


async def _change(name: str, request: Request, accounts: AccountService) -> Response:
    change = await _body(request, Change)
    account = await accounts.change(name, password=change.password, role=change.role)
    return json_response(200, _shown(account))


async def _body(request: Request, kind: type[Any]) -> Any:
    # A page of another site can make a browser send text or a form, but not this type.
    if essence(request.header(b"content-type") or "") != JSON:
        raise Fault(
            Code.REQUEST_INVALID, f"the body is not declared as JSON: send Content-Type: {JSON}"
        )
    raw = await request.read(BODY_MAX_BYTES)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(Code.REQUEST_INVALID, f"the body is not as expected: {error}") from error


def _shown(account: Account) -> dict[str, str]:
    created = datetime.fromtimestamp(account.created_at, UTC)
    return {
        "name": account.name,
        "role": account.role.value,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _problem(fault: Fault) -> Response:
    status = _STATUS.get(fault.code, 500)
    body = {"status": status, "title": fault.code.value, "detail": fault.message}
    response = json_response(status, body, PROBLEM)
    if status == 401:
        response.set("WWW-Authenticate", 'Basic realm="Entrepot"')
    if status == 429:
        response.set("Retry-After", str(RETRY_SECONDS))
    return response


def _not_allowed(request: Request, methods: tuple[str, ...]) -> Response:
    text = f"{request.method[:20]} is not served at this address"
    body = {"status": 405, "title": Code.UNSUPPORTED.value, "detail": text}
    response = json_response(405, body, PROBLEM)
    response.set("Allow", ", ".join(methods))
    return response
