"""The token endpoint of the docker token flow, and the key set.

distribution, "Token Authentication" and "OAuth2 Token Authentication"; RFC 6749 section 4.3 and 6.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from entrepot.faces.asgi import (
    App,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    json_response,
    send_response,
)
from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.rules.scopes import parse_scopes
from entrepot.services.access import AccessService, split_basic, unauthorized
from entrepot.services.accounts import AccountService
from entrepot.services.tokens import Issued, TokenService

from .errors import error_response


@dataclass(frozen=True, slots=True)
class TokenServices:
    """What the token endpoint calls."""

    access: AccessService
    accounts: AccountService
    tokens: TokenService


def token_app(services: TokenServices) -> App:
    """Return the application for `/service/token`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _answer(request, services)
        except Fault as fault:
            response = error_response(fault)
            if fault.code is Code.UNAUTHORIZED:
                response.set("WWW-Authenticate", 'Basic realm="Entrepot"')
        response.set("Cache-Control", "no-store")
        await send_response(scope, send, response)

    return app


def jwks_app(tokens: TokenService) -> App:
    """Return the application for `/.well-known/jwks.json` (RFC 7517)."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/.well-known/jwks.json":
            response = json_response(200, tokens.jwks(), "application/jwk-set+json")
            response.set("Cache-Control", "max-age=300")
        else:
            response = error_response(_nowhere("/.well-known/jwks.json"))
        await send_response(scope, send, response)

    return app


def _nowhere(address: str) -> Fault:
    return Fault(Code.NOT_FOUND, f"nothing is served at this address: ask at {address}")


async def _answer(request: Request, services: TokenServices) -> Response:
    if request.raw_path.rstrip("/") != "/service/token":
        raise _nowhere("/service/token")
    if request.method == "GET":
        return await _get(request, services)
    if request.method == "POST":
        return await _post(request, services)
    response = error_response(
        Fault(Code.UNSUPPORTED, "tokens are not had this way: use GET or POST")
    )
    response.set("Allow", "GET, POST")
    return response


async def _get(request: Request, services: TokenServices) -> Response:
    authorization = request.header(b"authorization")
    scopes = request.query.get("scope", [])
    account = None
    if authorization is not None:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            raise unauthorized("a token is had for a password: send Basic credentials")
        account = await services.access.login(*split_basic(credentials.strip()))
    elif not any(scopes) and not services.access.policy.open:
        # `docker login` without a password asks for nothing: there is nothing to give.
        raise unauthorized("nobody asked for anything: log in with user and password")
    issued = services.tokens.issue(account, parse_scopes(scopes), services.access.policy)
    refresh = None
    if account is not None and request.argument("offline_token") in ("true", "1"):
        refresh = services.tokens.issue_refresh(account)
    return json_response(200, {**_fields(issued), "token": issued.token} | _refresh(refresh))


async def _post(request: Request, services: TokenServices) -> Response:
    form = await request.form()
    first = {name: values[0] for name, values in form.items()}
    grant = first.get("grant_type")
    given = None
    if grant == "password":
        name = first.get("username", "")
        # An identity token is sent as the password of nobody by some clients.
        if name:
            account = await services.access.login(name, first.get("password", ""))
        else:
            given = first.get("password", "")
            account = await _refreshed(given, services)
    elif grant == "refresh_token":
        given = first.get("refresh_token", "")
        account = await _refreshed(given, services)
    else:
        raise Fault(
            Code.REQUEST_INVALID, "this grant_type is not known: use password or refresh_token"
        )
    wanted = parse_scopes(form.get("scope", []))
    issued = services.tokens.issue(account, wanted, services.access.policy)
    refresh = given
    if grant == "password" and first.get("access_type") == "offline":
        refresh = services.tokens.issue_refresh(account)
    scope = " ".join(str(s) for s in issued.scopes)
    return json_response(200, {**_fields(issued), "scope": scope} | _refresh(refresh))


async def _refreshed(token: str, services: TokenServices) -> Account:
    found = services.tokens.read_refresh(token)
    account = await services.accounts.find(found[0]) if found else None
    if found is None or account is None or account.changed_at != found[1]:
        raise unauthorized("the refresh token is not valid any more: log in again")
    return account


def _fields(issued: Issued) -> dict[str, Any]:
    at = datetime.fromtimestamp(int(issued.issued_at), UTC)
    return {
        "access_token": issued.token,
        "expires_in": issued.expires_in,
        "issued_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "token_type": "Bearer",
    }


def _refresh(token: str | None) -> dict[str, str]:
    return {"refresh_token": token} if token else {}
