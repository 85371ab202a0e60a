"""What is served of tokens.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

import msgspec

from entrepot.client.transport import Transport, segment


class AccessToken(msgspec.Struct, kw_only=True):
    """An access token of a user; what it may is what its owner may, or less."""

    id: str
    kind: str
    user: str
    label: str
    limits: list[TokenLimit] | None
    networks: list[str]
    created_at: str
    expires_at: str | None
    used_at: str | None


class AccessTokenPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[AccessToken]
    next: str | int | None


class MadeAccessToken(msgspec.Struct, kw_only=True):
    """A token that was made, with its secret, which is told this once."""

    id: str
    kind: str
    user: str
    label: str
    limits: list[TokenLimit] | None
    networks: list[str]
    created_at: str
    expires_at: str | None
    used_at: str | None
    secret: str


class NewAccessToken(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A token to be made; without limits the token may do whatever its owner may."""

    label: str
    expires: str | None = None
    limits: list[TokenLimit] | None = None
    networks: list[str] = []


class Revocation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A bearer token, by its claim of that name (RFC 7519 section 4.1.7)."""

    jti: str


class TokenLimit(msgspec.Struct, kw_only=True):
    """One grant that a token is narrowed to: a role, or permissions, in a scope."""

    scope: str
    role: str = ""
    permissions: list[str] = []


class TokensApi:
    """What is served of tokens; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_access_tokens(self, *, user: str | None = None) -> AccessTokenPage:
        """List access tokens."""
        found: AccessTokenPage = self._transport.typed(
            "GET", "/tokens", {200: AccessTokenPage}, query={"user": user}
        )
        return found

    def make_access_token(self, body: NewAccessToken, *, key: str | None = None) -> MadeAccessToken:
        """Make an access token."""
        found: MadeAccessToken = self._transport.typed(
            "POST", "/tokens", {201: MadeAccessToken}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def renew_cli_secret(self, *, key: str | None = None) -> MadeAccessToken:
        """Renew one's CLI secret.

        For programs that know only a name and a password; the one before is good no more.
        """
        found: MadeAccessToken = self._transport.typed(
            "POST", "/users/me/cli-secret", {201: MadeAccessToken}, headers={"Idempotency-Key": key}
        )
        return found

    def revoke_access_token(
        self, token: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Revoke an access token."""
        self._transport.typed(
            "DELETE",
            f"/tokens/{segment(token)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def revoke_bearer_token(self, body: Revocation, *, key: str | None = None) -> None:
        """Revoke a bearer token.

        Of the registry's own tokens, which end by themselves after minutes.
        """
        self._transport.typed(
            "POST", "/tokens/revoke", {204: None}, body=body, headers={"Idempotency-Key": key}
        )
