"""The token endpoint of the docker token flow, and the key set.

distribution, "Token Authentication" and "OAuth2 Token Authentication"; RFC 6749 section 4.3 and 6.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

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
from entrepot.faces.refusals import LOGIN, note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.rules.access import Kind
from entrepot.rules.scopes import parse_scopes
from entrepot.services.access import AccessService, split_basic
from entrepot.services.audittrail import AuditTrail
from entrepot.services.authentication import WORKLOAD_NAME, unauthorized
from entrepot.services.standing import Standing
from entrepot.services.tokens import Issued, TokenService

from .errors import error_response

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  names
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
SUBJECT_TOKEN_TYPES = (
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:id_token",
)


@dataclass(frozen=True, slots=True)
class TokenServices:
    """What the token endpoint calls."""

    access: AccessService
    tokens: TokenService
    trail: AuditTrail | None = None
    """Where refusals are noted."""


def token_app(services: TokenServices) -> App:
    """Return the application for `/service/token`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _answer(request, services)
        except Fault as fault:
            sent = request.method == "POST"
            note_refusal(services.trail, request, fault, operation=LOGIN, sent=sent)
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
    address = request.client_address
    certificate = request.certificate
    holder = None
    if authorization is not None:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            raise unauthorized("a token is had for a password: send Basic credentials")
        holder = await services.access.login(*split_basic(credentials.strip()), address)
    elif certificate is not None:
        holder = await services.access.certified(certificate)
    elif not any(scopes) and not services.access.policy.open:
        # `docker login` without a password asks for nothing: there is nothing to give.
        raise unauthorized("nobody asked for anything: log in with user and password")
    issued = await _issue(services, holder, scopes, address)
    refresh = None
    wants_refresh = request.argument("offline_token") in ("true", "1")
    # Who came by a certificate shows it again: a refresh token might outlive it.
    if wants_refresh and authorization is not None and _may_refresh(holder):
        refresh = services.tokens.issue_refresh(holder, address)
    return json_response(200, {**_fields(issued), "token": issued.token} | _refresh(refresh))


async def _post(request: Request, services: TokenServices) -> Response:
    form = await request.form()
    first = {name: values[0] for name, values in form.items()}
    grant = first.get("grant_type")
    address = request.client_address
    refresh = None
    if grant == "password" and first.get("username"):
        request.actor = first["username"]
        holder = await services.access.login(first["username"], first.get("password", ""), address)
        if _may_refresh(holder) and first.get("access_type") == "offline":
            refresh = services.tokens.issue_refresh(holder, address)
    elif grant in ("password", "refresh_token"):
        # An identity token is sent as the password of nobody by some clients.
        refresh = first.get("password" if grant == "password" else "refresh_token", "")
        holder = await services.tokens.refreshed(refresh, address)
    elif grant == TOKEN_EXCHANGE:
        holder = await _exchanged(first, services, address)
    else:
        raise Fault(
            Code.REQUEST_INVALID,
            "this grant_type is not known: use password, refresh_token or token-exchange",
        )
    issued = await _issue(services, holder, form.get("scope", []), address)
    fields = {**_fields(issued), "scope": " ".join(str(s) for s in issued.scopes)}
    if grant == TOKEN_EXCHANGE:
        fields["issued_token_type"] = ACCESS_TOKEN_TYPE
    return json_response(200, fields | _refresh(refresh))


async def _exchanged(first: dict[str, str], services: TokenServices, address: str) -> Standing:
    """Return the workload whose identity token is exchanged (RFC 8693 section 2.1)."""
    if first.get("subject_token_type") not in SUBJECT_TOKEN_TYPES:
        raise Fault(
            Code.REQUEST_INVALID,
            f"this subject_token_type is not taken: use {SUBJECT_TOKEN_TYPES[0]}",
        )
    return await services.access.login(WORKLOAD_NAME, first.get("subject_token", ""), address)


async def _issue(
    services: TokenServices, holder: Standing | None, scopes: list[str], address: str
) -> Issued:
    wanted = parse_scopes(scopes)
    return await services.tokens.issue(holder, wanted, services.access.policy, address)


def _may_refresh(holder: Standing | None) -> TypeGuard[Standing]:
    """Whether somebody gets a refresh token: workloads bring a new identity token instead."""
    return holder is not None and holder.identity.kind is not Kind.WORKLOAD


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
