"""Bearer tokens of the docker token flow (distribution, "Token Authentication")."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from entrepot.ports.accounts import Account
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import TokenSigner
from entrepot.rules.access import ANONYMOUS, Grant, Identity, Policy
from entrepot.rules.scopes import Scope, granted, to_grants

ISSUER = "entrepot"
LEEWAY_SECONDS = 60.0
REFRESH_SECONDS = 90 * 86400.0
CACHE_MAX = 1024
"""Verified tokens remembered, of up to some 10 KiB each; checking a signature takes as long as some
hundred lookups."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token for a client; times in seconds."""

    token: str
    scopes: tuple[Scope, ...]
    expires_in: int
    issued_at: float


@dataclass(frozen=True, slots=True)
class Verified:
    """What a valid token says. `name` is empty for an anonymous one."""

    name: str
    grants: tuple[Grant, ...]
    may_list: bool
    changed_at: float
    """When the account had last changed as the token was issued; 0 for an anonymous one."""
    expires_at: float

    def identity(self, account: Account | None) -> Identity:
        """Return who holds it, with no more rights than the account still has."""
        return Identity(self.name, account.role if account else None, self.grants, self.may_list)


class TokenService:
    """Issues and reads tokens."""

    def __init__(
        self, signer: TokenSigner, clock: Clock, random: Random, *, audience: str, seconds: float
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._random = random
        self._audience = audience
        self._seconds = seconds
        self._cache: OrderedDict[str, Verified] = OrderedDict()

    @property
    def audience(self) -> str:
        """The service that tokens are for."""
        return self._audience

    def issue(self, account: Account | None, wanted: tuple[Scope, ...], policy: Policy) -> Issued:
        """Return an access token with what of the wanted scopes the account is allowed."""
        identity = Identity(account.name, account.role) if account else ANONYMOUS
        scopes = granted(wanted, identity, policy)
        now = self._clock.now()
        claims = {
            **self._claims(account, now, self._audience, self._seconds),
            "access": [{"type": s.type, "name": s.name, "actions": [*s.actions]} for s in scopes],
        }
        return Issued(self._signer.sign(claims), scopes, int(self._seconds), now)

    def verify(self, token: str) -> Verified | None:
        """Return what a token says if it is ours and valid now."""
        found = self._cache.get(token)
        if found is not None:
            self._cache.move_to_end(token)
        else:
            found = self._read(token)
            if found is None:
                return None
            self._cache[token] = found
            while len(self._cache) > CACHE_MAX:
                self._cache.popitem(last=False)
        if found.expires_at + LEEWAY_SECONDS < self._clock.now():
            del self._cache[token]
            return None
        return found

    def issue_refresh(self, account: Account) -> str:
        """Return a token that can be exchanged for access tokens, until the account changes."""
        audience = self._refresh_audience
        return self._signer.sign(
            self._claims(account, self._clock.now(), audience, REFRESH_SECONDS)
        )

    def read_refresh(self, token: str) -> tuple[str, float] | None:
        """Return (user name, when the account had last changed) of a valid refresh token."""
        claims = self._signer.verify(token)
        if claims is None or not self._is_current(claims, self._refresh_audience):
            return None
        return str(claims["sub"]), float(claims["changed"])

    def jwks(self) -> dict[str, Any]:
        """Return the public keys that our tokens can be checked with."""
        return self._signer.jwks()

    @property
    def _refresh_audience(self) -> str:
        # Another audience, so that it never passes for an access token.
        return f"{self._audience}/refresh"

    def _claims(
        self, account: Account | None, now: float, audience: str, seconds: float
    ) -> dict[str, Any]:
        return {
            "iss": ISSUER,
            "sub": account.name if account else "",
            # Not compared with `iat`: clocks go back, and much happens within one second.
            "changed": account.changed_at if account else 0.0,
            "aud": audience,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + seconds),
            "jti": self._random.token(),
        }

    def _is_current(self, claims: dict[str, Any], audience: str) -> bool:
        now = self._clock.now()
        return (
            claims.get("iss") == ISSUER
            and claims.get("aud") == audience
            and claims.get("exp", 0) + LEEWAY_SECONDS >= now
            and claims.get("nbf", 0) - LEEWAY_SECONDS <= now
        )

    def _read(self, token: str) -> Verified | None:
        claims = self._signer.verify(token)
        if claims is None or not self._is_current(claims, self._audience):
            return None
        scopes = tuple(
            Scope(entry["type"], entry["name"], tuple(entry["actions"]))
            for entry in claims.get("access", [])
        )
        return Verified(
            name=claims["sub"],
            grants=to_grants(scopes),
            may_list=any((s.type, s.name) == ("registry", "catalog") for s in scopes),
            changed_at=float(claims["changed"]),
            expires_at=float(claims["exp"]),
        )
