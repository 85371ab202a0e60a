"""Access tokens over HTTP, and bearer tokens revoked by their `jti`."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.ports.robots import Credential
from entrepot.rules.expiry import parse_expiry
from entrepot.rules.networks import NETWORKS_MAX
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import PERMISSIONS_MAX
from entrepot.services.access_tokens import LIMITS_MAX, AccessTokenService, NewToken, is_own
from entrepot.services.authority import Acting
from entrepot.services.standing import LimitGrant
from entrepot.services.tokens import TokenService

from .api import Call, Route, moment, page
from .callers import THE_OPERATOR, Need

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class Limit(msgspec.Struct, forbid_unknown_fields=True):
    """One grant that a token is narrowed to: a role, or permissions, in a scope."""

    scope: _Text
    role: _Text = ""
    permissions: Annotated[list[_Text], msgspec.Meta(max_length=PERMISSIONS_MAX)] = []


class New(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST; without limits the token may do whatever its owner may."""

    label: _Text
    expires: _Text | None = None
    limits: Annotated[list[Limit], msgspec.Meta(max_length=LIMITS_MAX)] | None = None
    networks: Annotated[list[_Text], msgspec.Meta(max_length=NETWORKS_MAX)] = []


class Revoke(msgspec.Struct, forbid_unknown_fields=True):
    """A bearer token, by its claim of that name (RFC 7519 section 4.1.7)."""

    jti: _Text


def access_token_routes(
    access_tokens: AccessTokenService, tokens: TokenService, clock: Clock
) -> list[Route]:
    """Return what is served of access tokens; each user keeps their own."""

    async def list_all(call: Call) -> Response:
        owner = call.text("user") or call.identity.name
        others = owner != call.identity.name or call.identity is THE_OPERATOR
        if others:
            await call.require(Permission.USER_READ)
        found = await access_tokens.of(owner)
        seen = [one for one in found if others or is_own(call.identity, one)]
        # There are few of each user.
        return page([_shown(one) for one in seen], None)

    async def create(call: Call) -> Response:
        acting, body = _user(call), await call.body(New)
        ends_at = None
        if body.expires is not None:
            ends_at = parse_expiry(body.expires, clock.now())
            if ends_at is None:
                raise Fault(
                    Code.REQUEST_INVALID, "an access token has an end: write 365d or a date"
                )
        limits = None
        if body.limits is not None:
            limits = tuple(
                LimitGrant(one.scope, one.role, tuple(one.permissions)) for one in body.limits
            )
        new = NewToken(body.label, ends_at, limits, tuple(body.networks))
        made, secret = await access_tokens.create(new, acting)
        return json_response(201, {**_shown(made), "secret": secret})

    async def renew_cli_secret(call: Call) -> Response:
        made, secret = await access_tokens.renew_cli_secret(_user(call))
        return json_response(201, {**_shown(made), "secret": secret})

    async def revoke(call: Call) -> Response:
        token_id = call.parts["token"]
        try:
            own = is_own(call.identity, await access_tokens.find(token_id))
        except Fault:
            own = False  # that there is none, only those learn who might revoke it
        if not own:
            await call.require(Permission.USER_MANAGE)
        await access_tokens.revoke(token_id, Acting(call.identity, call.caller))
        return Response(204)

    async def revoke_bearer(call: Call) -> Response:
        body = await call.body(Revoke)
        await tokens.revoke(body.jti, call.caller)
        return Response(204)

    return [
        Route("GET", "/tokens", list_all, Need.LOGIN),
        Route("POST", "/tokens", create, Need.LOGIN),
        Route("POST", "/tokens/revoke", revoke_bearer, Permission.KEY_MANAGE),
        Route("DELETE", "/tokens/{token}", revoke, Need.LOGIN),
        Route("POST", "/users/me/cli-secret", renew_cli_secret, Need.LOGIN),
    ]


def _user(call: Call) -> Acting:
    if call.identity is THE_OPERATOR:
        raise Fault(
            Code.DENIED,
            "access tokens are made by their owners, and the operator is no user: name the "
            "registry with --server, and yourself with --username",
        )
    return Acting(call.identity, call.caller)


def _shown(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "kind": credential.kind.value,
        "user": credential.owner,
        "label": credential.label,
        "limits": msgspec.json.decode(credential.limits) if credential.limits else None,
        "networks": [*credential.networks],
        "created_at": moment(credential.created_at),
        "expires_at": _maybe(credential.expires_at),
        "used_at": _maybe(credential.used_at),
    }


def _maybe(at: float | None) -> str | None:
    return moment(at) if at is not None else None
