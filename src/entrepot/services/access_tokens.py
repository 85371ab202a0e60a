"""Personal access tokens, and secrets that stand for a password in docker."""

from dataclasses import dataclass

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.robots import Credential, CredentialKind
from entrepot.rules.access import Grant, Identity, Kind, lacking
from entrepot.rules.audit import clean
from entrepot.rules.expiry import LIFE_MAX_SECONDS

from .auditing import Act
from .authority import Acting, changed, named_grant
from .minting import Purpose, mint, networks_within
from .standing import LimitGrant

TOKENS_MAX = 100
"""Access tokens of one user."""
LIMITS_MAX = 64
"""Grants that one token is narrowed to."""
LABEL_MAX = 64
DEFAULT_SECONDS = 90 * 86400.0
"""Life of a token for which nothing is said."""
CLI_SECRET_SECONDS = 365 * 86400.0


@dataclass(frozen=True, slots=True)
class NewToken:
    """An access token that somebody asks for, for themselves."""

    label: str
    expires_at: float | None = None
    """None for `DEFAULT_SECONDS`, or less where what asks for it ends before."""
    limits: tuple[LimitGrant, ...] | None = None
    """What it is narrowed to; None for whatever its owner may do."""
    networks: tuple[str, ...] = ()


class AccessTokenService:
    """Keeps what users log in with besides their password. It never does more than they may."""

    def __init__(self, catalog: Catalog, clock: Clock, random: Random) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random

    async def create(self, new: NewToken, by: Acting) -> tuple[Credential, str]:
        """Make a token for `by`, and return it with its secret, which is told this once.

        Asked for with an access token, it is neither wider than that nor does it outlive it.
        `Fault`: REQUEST_INVALID; DENIED for those, for robots and for too many tokens.
        """
        identity, now = by.identity, self._clock.now()
        _check_is_user(identity)
        label = _label(new.label)
        networks = networks_within(identity, new.networks)
        async with self._catalog.begin(write=True) as tx:
            await _check_limits(tx, identity, new.limits)
            limits = msgspec.json.encode(new.limits).decode() if new.limits is not None else ""
            expires_at = await _end(tx, identity, new.expires_at, now)
            await _make_room(tx, identity.name, now)
            purpose = Purpose(
                CredentialKind.TOKEN, identity.name, label, limits, networks, expires_at
            )
            made, secret = mint(self._random, purpose, now)
            await tx.credentials.add(made)
            await changed(tx, by, now, _act("token.created", made))
        return made, secret

    async def renew_cli_secret(self, by: Acting) -> tuple[Credential, str]:
        """Make the secret that docker takes for `by`'s password; the one before ends.

        `Fault(DENIED)` for who is not logged in with password or browser: with such a secret,
        whoever stole it could renew it for ever.
        """
        identity, now = by.identity, self._clock.now()
        _check_is_user(identity)
        if identity.credential:
            raise Fault(
                Code.DENIED,
                "neither an access token nor such a secret makes another one: log in with the "
                "password, or in the browser",
            )
        ends_at = now + CLI_SECRET_SECONDS
        purpose = Purpose(CredentialKind.CLI, identity.name, "cli", expires_at=ends_at)
        made, secret = mint(self._random, purpose, now)
        async with self._catalog.begin(write=True) as tx:
            await tx.credentials.forget(CredentialKind.CLI, identity.name)
            await tx.credentials.add(made)
            await changed(tx, by, now, _act("cli-secret.renewed", made))
        return made, secret

    async def of(self, owner: str) -> list[Credential]:
        """Return what a user logs in with, the newest first; expired ones too."""
        async with self._catalog.begin() as tx:
            found = await _all_of(tx, owner)
        return sorted(found, key=lambda one: (-one.created_at, one.id))

    async def find(self, token_id: str) -> Credential:
        """Return a user's credential by its public id, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await _found(tx, token_id)

    async def revoke(self, token_id: str, by: Acting) -> None:
        """Let a token be good no more; tokens got with it end at once. `Fault(NOT_FOUND)`.

        Callers have checked that it is `by`'s own (`is_own`), or that `by` may manage users.
        """
        async with self._catalog.begin(write=True) as tx:
            found = await _found(tx, token_id)
            await tx.credentials.remove(token_id)
            await changed(tx, by, self._clock.now(), _act("token.revoked", found))


def is_own(identity: Identity, credential: Credential) -> bool:
    """Whether this is the caller's; what is narrowed knows of itself alone."""
    if identity.kind is not Kind.USER or credential.owner != identity.name:
        return False
    is_narrow = identity.limits is not None or bool(identity.networks)
    return credential.id == identity.credential if is_narrow else True


def _check_is_user(identity: Identity) -> None:
    if identity.kind is not Kind.USER or identity.grants is not None:
        raise Fault(
            Code.DENIED,
            "only users have access tokens, and they make them themselves: log in as one; machines "
            "have robot accounts",
        )


def _label(text: str) -> str:
    label = clean(text.strip(), LABEL_MAX)
    if not label:
        raise Fault(
            Code.REQUEST_INVALID,
            "an access token needs a label, by which you know it later: say what it is for",
        )
    return label


async def _check_limits(tx: Tx, identity: Identity, limits: tuple[LimitGrant, ...] | None) -> None:
    """Raise `Fault` for limits that are none, or wider than those of the token that asks."""
    if limits is None:
        if identity.limits is not None:
            raise Fault(
                Code.DENIED,
                "an access token that is narrowed makes narrow ones: say what it is to be for",
            )
        return
    if not 1 <= len(limits) <= LIMITS_MAX:
        raise Fault(
            Code.REQUEST_INVALID,
            f"an access token cannot be narrowed so: name 1 to {LIMITS_MAX} grants",
        )
    wanted: list[Grant] = [
        await named_grant(tx, one.scope, one.role, one.permissions) for one in limits
    ]
    missing = lacking(identity.limits, wanted) if identity.limits is not None else None
    if missing is not None:
        raise Fault(
            Code.DENIED,
            f"the access token does not reach as far as {missing[0]} on {missing[1]}: what it "
            "makes cannot either",
            {"permission": str(missing[0]), "scope": missing[1]},
        )


async def _end(tx: Tx, identity: Identity, wanted: float | None, now: float) -> float:
    shown = await tx.credentials.find(identity.credential) if identity.credential else None
    if identity.credential and shown is None:
        raise Fault(Code.DENIED, "the access token was revoked: log in again")
    latest = shown.expires_at if shown is not None else None
    if wanted is None:
        return min(now + DEFAULT_SECONDS, latest if latest is not None else float("inf"))
    if not now < wanted <= now + LIFE_MAX_SECONDS:
        raise Fault(
            Code.REQUEST_INVALID,
            f"an access token ends within {LIFE_MAX_SECONDS / 86400:.0f} days: name an end ahead",
        )
    if latest is not None and wanted > latest:
        raise Fault(
            Code.DENIED,
            "what is made with an access token ends with it at the latest: name an earlier end, "
            "or log in with the password",
        )
    return wanted


async def _make_room(tx: Tx, owner: str, now: float) -> None:
    """Raise `Fault(DENIED)` for too many tokens; of full ones, those that expired are forgotten."""
    found = await tx.credentials.of(CredentialKind.TOKEN, owner)
    if len(found) < TOKENS_MAX:
        return
    over = [one for one in found if one.expires_at is not None and one.expires_at <= now]
    if not over:
        raise Fault(
            Code.DENIED,
            f"{owner} has {TOKENS_MAX} access tokens already: revoke one that is not used",
            {"limit": TOKENS_MAX},
        )
    for one in over:
        await tx.credentials.remove(one.id)


async def _all_of(tx: Tx, owner: str) -> list[Credential]:
    found = await tx.credentials.of(CredentialKind.TOKEN, owner)
    return found + await tx.credentials.of(CredentialKind.CLI, owner)


async def _found(tx: Tx, token_id: str) -> Credential:
    found = await tx.credentials.find(token_id)
    if found is None or found.kind is CredentialKind.ROBOT:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no access token {token_id[:32]!a}: list them",
            {"token": token_id[:32]},
        )
    return found


def _act(operation: str, credential: Credential) -> Act:
    detail = {
        "owner": credential.owner,
        "label": credential.label,
        "limits": msgspec.json.decode(credential.limits) if credential.limits else None,
        "networks": [*credential.networks],
        "expires_at": credential.expires_at,
    }
    return Act(operation, credential.id, "", detail)
