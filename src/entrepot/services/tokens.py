"""Bearer tokens of the docker token flow (distribution, "Token Authentication")."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.secrets import TokenSigner
from entrepot.rules.access import ANONYMOUS, Facts, Identity, Kind, Policy, TokenGrant
from entrepot.rules.scopes import Scope, granted, to_grants

from .auditing import Act, record
from .authentication import unauthorized
from .context import Caller
from .epochs import EpochWatch, Remembered
from .facts import FactsService
from .standing import Standing, StandingService

ISSUER = "entrepot"
LEEWAY_SECONDS = 60.0
REFRESH_SECONDS = 90 * 86400.0
CACHE_MAX = 1024
"""Verified tokens remembered, of up to some 10 KiB each; checking a signature takes as long as some
hundred lookups."""
REVOKED_MAX = 100_000
"""Revoked tokens looked at; each is forgotten when it would have expired."""
INVALID_TOKEN = {"error": "invalid_token"}
TOKEN_ID_LENGTH_MAX = 128


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
    kind: Kind
    credential: str
    """The access token or robot secret it was got for, if it was one."""
    address: str
    """Where alone it is good; empty for anywhere."""
    token_id: str
    grants: tuple[TokenGrant, ...]
    may_list: bool
    changed_at: float
    """When its holder had last changed as the token was issued; 0 for an anonymous one."""
    expires_at: float


class TokenService:
    """Issues and reads tokens; with `binds`, each is good only from where it was asked for."""

    def __init__(
        self,
        signer: TokenSigner,
        clock: Clock,
        random: Random,
        *,
        holders: "Holders",
        audience: str,
        seconds: float,
        binds: bool = False,
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._random = random
        self._holders = holders
        self._audience = audience
        self._seconds = seconds
        self._binds = binds
        self._cache: OrderedDict[str, Verified] = OrderedDict()
        self._epoch = signer.epoch

    @property
    def audience(self) -> str:
        """The service that tokens are for."""
        return self._audience

    async def issue(
        self, holder: Standing | None, wanted: tuple[Scope, ...], policy: Policy, address: str = ""
    ) -> Issued:
        """Return an access token with what of the wanted scopes its holder is allowed."""
        identity = replace(holder.identity if holder else ANONYMOUS, address=address)
        scopes = granted(wanted, identity, policy, await self._facts(wanted, identity))
        now = self._clock.now()
        claims = {
            **self._claims(holder, now, self._audience, self._seconds),
            "access": [{"type": s.type, "name": s.name, "actions": [*s.actions]} for s in scopes],
        }
        if self._binds:
            claims["address"] = address
        return Issued(self._signer.sign(claims), scopes, int(self._seconds), now)

    async def bearer(self, token: str, address: str) -> Identity:
        """Return whose token this is, with what it carries; else `Fault(UNAUTHORIZED)`.

        Who is removed or changed loses access at once, within the life of the token.
        """
        found = self.verify(token)
        if found is None or await self._holders.is_revoked(found.token_id):
            raise _invalid("the token is not valid or has expired: ask for a new one")
        if found.address and found.address != address:
            raise _invalid("the token was issued to another address: ask for a new one from here")
        identity = ANONYMOUS
        if found.name:
            holder = await self._holders.standing(found.kind, found.name, found.credential)
            if holder is None or holder.changed_at != found.changed_at:
                raise _invalid("the token's user has changed: log in again")
            identity = holder.identity
        return replace(identity, grants=found.grants, may_list=found.may_list, address=address)

    def verify(self, token: str) -> Verified | None:
        """Return what a token says if it is ours and valid now."""
        if self._epoch != self._signer.epoch:
            # A key was dropped: what it signed must be looked at again.
            self._epoch = self._signer.epoch
            self._cache.clear()
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

    def issue_refresh(self, holder: Standing, address: str = "") -> str:
        """Return a token that can be exchanged for access tokens, until its holder changes."""
        claims = self._claims(holder, self._clock.now(), self._refresh_audience, REFRESH_SECONDS)
        if self._binds:
            claims["address"] = address
        return self._signer.sign(claims, long_lived=True)

    async def refreshed(self, token: str, address: str = "") -> Standing:
        """Return the holder of a refresh token, or raise `Fault(UNAUTHORIZED)`."""
        claims = self._signer.verify(token, long_lived=True)
        if claims is not None and self._is_current(claims, self._refresh_audience):
            kind = Kind(claims.get("kind", Kind.USER))
            holder = await self._holders.standing(kind, claims["sub"], claims.get("cred", ""))
            revoked = await self._holders.is_revoked(str(claims.get("jti", "")))
            is_here = claims.get("address", "") in ("", address)
            is_same = holder is not None and holder.changed_at == claims["changed"]
            if holder is not None and is_same and is_here and not revoked:
                return holder
        # Docker shows it to people who know nothing of a refresh token that it keeps for them.
        raise unauthorized(
            "this login is over, as its password or secret ended, was changed or was switched off: "
            "log in again"
        )

    async def revoke(self, token_id: str, by: Caller) -> None:
        """Let no token with this `jti` be good any more, wherever it is; within a second."""
        if not token_id or len(token_id) > TOKEN_ID_LENGTH_MAX:
            raise Fault(Code.REQUEST_INVALID, "this is no token id: give the `jti` of the token")
        await self._holders.revoke(token_id, self._clock.now(), by)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys that our tokens can be checked with."""
        return self._signer.jwks()

    async def _facts(self, wanted: tuple[Scope, ...], identity: Identity) -> dict[str, Facts]:
        projects = {""}
        for scope in wanted:
            try:
                projects.add(RepositoryName.parse(scope.name).project)
            except Fault:
                continue
        return {one: await self._holders.facts(identity, one) for one in projects}

    @property
    def _refresh_audience(self) -> str:
        # Another audience, so that it never passes for an access token.
        return f"{self._audience}/refresh"

    def _claims(
        self, holder: Standing | None, now: float, audience: str, seconds: float
    ) -> dict[str, Any]:
        identity = holder.identity if holder else ANONYMOUS
        return {
            "iss": ISSUER,
            "sub": identity.name,
            "kind": identity.kind.value,
            "cred": identity.credential,
            # Not compared with `iat`: clocks go back, and much happens within one second.
            "changed": holder.changed_at if holder else 0.0,
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
        name = claims["sub"]
        return Verified(
            name=name,
            # Tokens from before had only users.
            kind=Kind(claims.get("kind", Kind.USER if name else Kind.ANONYMOUS)),
            credential=claims.get("cred", ""),
            address=claims.get("address", ""),
            token_id=claims.get("jti", ""),
            grants=to_grants(scopes),
            may_list=any((s.type, s.name) == ("registry", "catalog") for s in scopes),
            changed_at=float(claims["changed"]),
            expires_at=float(claims["exp"]),
        )


class Holders:
    """What tokens are checked against: their holders as they are now, and what was revoked."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        standing: StandingService,
        facts: FactsService,
        watch: EpochWatch,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._standing = standing
        self._facts = facts
        self._revoked: Remembered[str, frozenset[str]] = Remembered(watch, self._read_revoked, 1)

    async def standing(self, kind: Kind, name: str, credential: str) -> Standing | None:
        """Return a holder as they are now."""
        return await self._standing.of(kind, name, credential)

    async def facts(self, identity: Identity, project: str) -> Facts:
        """Return what decides about them in a project."""
        return await self._facts.of(identity, project)

    async def is_revoked(self, token_id: str) -> bool:
        """Return whether a token was revoked."""
        return token_id in await self._revoked.of("")

    async def revoke(self, token_id: str, now: float, by: Caller) -> None:
        """Write down that a token is not good any more, until it would have expired."""
        async with self._catalog.begin(write=True) as tx:
            await tx.revocations.add(token_id, now + REFRESH_SECONDS, by.actor)
            await tx.epochs.advance(ACCESS_EPOCH)
            await record(tx, by, now, Act("bearer.revoked", token_id))

    async def _read_revoked(self, _key: str) -> frozenset[str]:
        async with self._catalog.begin() as tx:
            return frozenset(await tx.revocations.all(self._clock.now(), REVOKED_MAX))


def _invalid(message: str) -> Fault:
    return Fault(Code.UNAUTHORIZED, message, INVALID_TOKEN)
