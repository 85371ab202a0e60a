"""Access tokens over HTTP, and bearer tokens revoked by their `jti`."""

from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.ports.robots import Credential, CredentialKind
from entrepot.rules.expiry import parse_expiry
from entrepot.rules.networks import NETWORKS_MAX
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import PERMISSIONS_MAX
from entrepot.services.access_tokens import LIMITS_MAX, AccessTokenService, NewToken, is_own
from entrepot.services.authority import Acting
from entrepot.services.standing import LimitGrant
from entrepot.services.tokens import TokenService

from .about import About, Argument, Moment, Page
from .api import Call, Route, maybe, moment, page
from .callers import THE_OPERATOR, Need

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class TokenLimit(msgspec.Struct, forbid_unknown_fields=True):
    """One grant that a token is narrowed to: a role, or permissions, in a scope."""

    scope: _Text
    role: _Text = ""
    permissions: Annotated[list[_Text], msgspec.Meta(max_length=PERMISSIONS_MAX)] = []


class NewAccessToken(msgspec.Struct, forbid_unknown_fields=True):
    """A token to be made; without limits the token may do whatever its owner may."""

    label: _Text
    expires: _Text | None = None
    limits: Annotated[list[TokenLimit], msgspec.Meta(max_length=LIMITS_MAX)] | None = None
    networks: Annotated[list[_Text], msgspec.Meta(max_length=NETWORKS_MAX)] = []


class Revocation(msgspec.Struct, forbid_unknown_fields=True):
    """A bearer token, by its claim of that name (RFC 7519 section 4.1.7)."""

    jti: _Text


class AccessToken(msgspec.Struct, kw_only=True):
    """An access token of a user; what it may is what its owner may, or less."""

    id: str
    kind: CredentialKind
    user: str
    label: str
    limits: list[TokenLimit] | None
    """Null for all that its owner may."""
    networks: list[str]
    created_at: Moment
    expires_at: Moment | None
    used_at: Moment | None


class MadeAccessToken(AccessToken, kw_only=True):
    """A token that was made, with its secret, which is told this once."""

    secret: str


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
        acting, body = _user(call), await call.body(NewAccessToken)
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
        return _made(made, secret)

    async def renew_cli_secret(call: Call) -> Response:
        made, secret = await access_tokens.renew_cli_secret(_user(call))
        return _made(made, secret)

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
        body = await call.body(Revocation)
        await tokens.revoke(body.jti, call.caller)
        return Response(204)

    return [
        Route("GET", "/tokens", list_all, Need.LOGIN, told=_LIST),
        Route("POST", "/tokens", create, Need.LOGIN, told=_MAKE),
        Route("POST", "/tokens/revoke", revoke_bearer, Permission.KEY_MANAGE, told=_REVOKE_BEARER),
        Route("DELETE", "/tokens/{token}", revoke, Need.LOGIN, told=_REVOKE),
        Route("POST", "/users/me/cli-secret", renew_cli_secret, Need.LOGIN, told=_CLI_SECRET),
    ]


_LIST = About(
    "List access tokens",
    gives=Page[AccessToken],
    query=(Argument("user", "Whose; the caller's own unless said."),),
    tag="tokens",
)
_MAKE = About(
    "Make an access token",
    takes=NewAccessToken,
    gives=MadeAccessToken,
    status=201,
    errors=(409,),
    tag="tokens",
    secret=True,
)
_REVOKE = About("Revoke an access token", status=204, errors=(404,), tag="tokens")
_REVOKE_BEARER = About(
    "Revoke a bearer token",
    takes=Revocation,
    status=204,
    tag="tokens",
    text="Of the registry's own tokens, which end by themselves after minutes.",
)
_CLI_SECRET = About(
    "Renew one's CLI secret",
    gives=MadeAccessToken,
    status=201,
    tag="tokens",
    secret=True,
    name="renew_cli_secret",
    text="For programs that know only a name and a password; the one before is good no more.",
)


def _user(call: Call) -> Acting:
    if call.identity is THE_OPERATOR:
        raise Fault(
            Code.DENIED,
            "access tokens are made by their owners, and the operator is no user: name the "
            "registry with --server, and yourself with --username",
        )
    return Acting(call.identity, call.caller)


def _shown(credential: Credential) -> AccessToken:
    limits = credential.limits
    return AccessToken(
        id=credential.id,
        kind=credential.kind,
        user=credential.owner,
        label=credential.label,
        limits=msgspec.json.decode(limits, type=list[TokenLimit]) if limits else None,
        networks=[*credential.networks],
        created_at=moment(credential.created_at),
        expires_at=maybe(credential.expires_at),
        used_at=maybe(credential.used_at),
    )


def _made(credential: Credential, secret: str) -> Response:
    shown = msgspec.structs.asdict(_shown(credential))
    return json_response(201, MadeAccessToken(**shown, secret=secret))
