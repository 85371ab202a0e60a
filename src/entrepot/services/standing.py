"""What somebody who can log in is now: role, state, and what narrows them."""

from dataclasses import dataclass

import msgspec

from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.rules.access import Grant, Identity, Kind
from entrepot.rules.networks import Networks

from .accounts import AccountService
from .epochs import EpochWatch, Remembered
from .facts import permissions_of, rule_of

REMEMBERED_MAX = 16384


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody as they are now. `changed_at` tells tokens from before from those after."""

    identity: Identity
    changed_at: float
    ends_at: float | None = None
    """When robot or credential expire, whichever is first."""


class LimitGrant(msgspec.Struct, frozen=True):
    """One of the grants that an access token is narrowed to."""

    scope: str
    role: str = ""
    permissions: tuple[str, ...] = ()


_Who = tuple[Kind, str, str]
"""Kind, name and credential id."""


class StandingService:
    """Looks up whoever logs in or shows a token, and remembers them until something changes."""

    def __init__(
        self,
        catalog: Catalog,
        accounts: AccountService,
        clock: Clock,
        watch: EpochWatch | None = None,
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._clock = clock
        watch = watch or EpochWatch(catalog)
        self._others: Remembered[_Who, Standing | None] = Remembered(
            watch, self._read, REMEMBERED_MAX
        )

    async def of(self, kind: Kind, name: str, credential: str = "") -> Standing | None:
        """Return them, or None for who is gone, switched off or expired.

        With a `credential`, as it narrows its owner, and None when it is gone.
        """
        found = await self._others.of((kind, name, credential))
        if found is None or (found.ends_at is not None and found.ends_at <= self._clock.now()):
            return None
        if kind is not Kind.USER:
            return found
        account = await self._accounts.recent(name)
        if account is None:
            return None
        identity = found.identity
        made = Identity(
            account.name,
            account.role,
            kind=kind,
            limits=identity.limits,
            networks=identity.networks,
            credential=credential,
        )
        return Standing(made, account.changed_at, found.ends_at)

    async def _read(self, who: _Who) -> Standing | None:
        kind, name, credential = who
        async with self._catalog.begin() as tx:
            if kind is Kind.ROBOT:
                found = await _robot(tx, name)
            elif kind is Kind.WORKLOAD:
                found = await _workload(tx, name)
            else:
                found = await _user(tx, name)
            return await _narrowed(tx, found, credential) if found and credential else found


async def _user(tx: Tx, name: str) -> Standing | None:
    profile = await tx.profiles.find(name)
    if profile is not None and not profile.enabled:
        return None
    # Role and age come from the account itself, which may lie in a file.
    return Standing(Identity(name, kind=Kind.USER), 0.0)


async def _robot(tx: Tx, name: str) -> Standing | None:
    robot = await tx.robots.find(name)
    if robot is None or not robot.enabled:
        return None
    networks = (Networks.parse(robot.networks),) if robot.networks else ()
    identity = Identity(name, kind=Kind.ROBOT, networks=networks)
    return Standing(identity, robot.changed_at, robot.expires_at)


async def _workload(tx: Tx, name: str) -> Standing | None:
    rule = await tx.workloads.find(rule_of(name))
    if rule is None:
        return None
    return Standing(Identity(name, kind=Kind.WORKLOAD), rule.changed_at)


async def _narrowed(tx: Tx, standing: Standing, credential_id: str) -> Standing | None:
    credential = await tx.credentials.find(credential_id)
    identity = standing.identity
    if credential is None or credential.owner != identity.name:
        return None
    networks = identity.networks
    if credential.networks:
        networks += (Networks.parse(credential.networks),)
    limits = await limits_of(tx, credential.limits) if credential.limits else None
    made = Identity(
        identity.name,
        kind=identity.kind,
        limits=limits,
        networks=networks,
        credential=credential_id,
    )
    ends = [at for at in (standing.ends_at, credential.expires_at) if at is not None]
    return Standing(made, standing.changed_at, min(ends, default=None))


async def limits_of(tx: Tx, text: str) -> tuple[Grant, ...]:
    """Return the grants that the JSON text of a credential's limits stands for."""
    limits = []
    for one in msgspec.json.decode(text, type=tuple[LimitGrant, ...]):
        permissions = await permissions_of(tx, one.role, one.permissions)
        limits.append(Grant(one.scope, permissions or frozenset(), "access token"))
    return tuple(limits)
