"""Identity providers that sign what they say of somebody: OpenID Connect."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Claims = Mapping[str, Any]


class Refusal(StrEnum):
    """What is wrong with a token, or with the answer of a provider, in one word for programs."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    NONCE = "nonce"
    BINDING = "binding"
    """An access token or userinfo that does not belong to the ID token."""
    CODE = "code"
    """The provider does not take the code: used, too old, or not ours."""


class TokenRefused(Exception):
    """A token that proves nothing. The message is "cause: cure", and never holds the token."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.message = message


class Issuers(Protocol):
    """Issuers that say what a workload is.

    Each is asked over the network: to be called for those only that a rule trusts.
    """

    async def verify(
        self, token: str, *, issuer: str, audiences: Collection[str], now: float
    ) -> Claims:
        """Return the claims of a token (JWT) of `issuer` made for one of `audiences`.

        Signature, `iss`, `aud`, `exp`, `nbf` and `iat` are checked, nothing else; `now` is
        seconds since the epoch. `rules.federation.claims.claimed_issuer` says whom to name.
        Raises `TokenRefused`, and `ports.identity.SourceFailed` when its keys cannot be had.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back with a browser: the parameters of the authorization response."""

    code: str
    issuer: str | None = None
    """`iss` (RFC 9207), or None if it was not there."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was kept of a login while the browser was away. Each is used once."""

    nonce: str
    verifier: str
    """43 to 128 letters, digits, - . _ ~ that nobody can guess (RFC 7636, section 4.1)."""
    redirect_uri: str


class OidcProvider(Protocol):
    """The provider that people log in at (authorization code flow with PKCE)."""

    async def authorization_url(self, attempt: Attempt, *, state: str) -> str:
        """Return where to send the browser. Raises `SourceFailed`."""
        ...

    async def redeem(self, returned: Returned, attempt: Attempt, *, now: float) -> Claims:
        """Exchange the code for what the provider says of who logged in.

        The claims are those of the verified ID token, and of userinfo where the ID token lacks a
        wanted one. That `state` was ours is for the caller to check before. Raises `TokenRefused`
        and `SourceFailed`.
        """
        ...

    async def check(self) -> None:
        """Raise `SourceFailed` unless the provider answers and can be used."""
        ...

    async def close(self) -> None: ...
