"""People whom a source vouches for: their account, profile and groups here."""

from dataclasses import dataclass, replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.identity import Person, Source
from entrepot.ports.people import Profile
from entrepot.rules.passwords import check_new_name
from entrepot.rules.roles import Role

from .auditing import Act, record
from .context import Caller

SEEN_SECONDS = 3600.0
"""How exactly it is known when somebody was last vouched for: a login is not to write each time."""
STEP = 200
"""Memberships written in one transaction."""
TELL_MAX = 20
"""Groups that a line of the log names."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is of a person here."""

    account: Account | None
    profile: Profile | None
    groups: frozenset[str]


class Welcomer:
    """Brings what is kept of people into step with what their source says of them.

    `admins_of` are the sources that say who is an administrator; of the others, nobody's role is
    touched.
    """

    def __init__(
        self, catalog: Catalog, clock: Clock, *, admins_of: frozenset[Source] = frozenset()
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._admins_of = admins_of

    async def welcome(self, person: Person) -> Account:
        """Return the account of somebody who proved who they are; it is made at the first login.

        They are known by source and subject. Whoever is renamed there keeps their name here; of a
        directory, where they are looked up by name later, they are refused. `Fault(CONFLICT)`
        also where the name belongs to a local account or to somebody else, and REQUEST_INVALID
        for what cannot be a name: nobody is ever taken for another. DENIED for who is switched off.
        """
        async with self._catalog.begin() as tx:
            known = await _known(tx, person)
        if known.profile is not None and not known.profile.enabled:
            raise Fault(
                Code.DENIED, f"{known.profile.name} is switched off here: ask an administrator"
            )
        account = known.account
        if account is not None and known.profile is not None and self._is_same(person, known):
            if not 0 <= self._clock.now() - known.profile.seen_at < SEEN_SECONDS:
                await self._note_seen(person)
            return account
        while not (done := await self._step(person))[1]:
            pass
        return done[0]

    async def _note_seen(self, person: Person) -> None:
        async with self._catalog.begin(write=True, durable=False) as tx:
            profile = await tx.profiles.by_subject(person.source, person.subject)
            if profile is not None:
                await tx.profiles.put(replace(profile, seen_at=self._clock.now()))

    def _is_same(self, person: Person, known: _Known) -> bool:
        profile, account = known.profile, known.account
        return (
            profile is not None
            and account is not None
            and (profile.email, profile.display_name) == (person.email, person.display_name)
            and account.role is self._role(person, account)
            and known.groups == {*person.groups}
        )

    async def _step(self, person: Person) -> tuple[Account, bool]:
        """Write in one transaction; return the account, and whether that was all."""
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            known = await _known(tx, person)
            name = known.profile.name if known.profile else person.name
            before = known.account
            account = before or await self._added(tx, person, name, now)
            await tx.profiles.put(_profile(person, name, known.profile, now))
            role = self._role(person, account)
            left = sorted(known.groups - {*person.groups})[:STEP]
            entered = sorted({*person.groups} - known.groups)[: STEP - len(left)]
            for group in left:
                await tx.groups.leave(name, group, person.source)
            for group in entered:
                await tx.groups.enter(name, group, person.source)
            if before is not None and (role is not account.role or left):
                # Tokens and sessions from before end with what they were given for.
                at = max(now, account.changed_at + 0.001)
                await tx.accounts.set_role(name, role, at)
                account = replace(account, role=role, changed_at=at)
            if before is None or role is not before.role or left or entered:
                await tx.epochs.advance(ACCESS_EPOCH)
                moves = {"entered": entered[:TELL_MAX], "left": left[:TELL_MAX]}
                operation = "user.created" if before is None else "user.synced"
                detail = {"source": person.source.value, "role": role.value, **moves}
                await record(tx, Caller(name), now, Act(operation, name, "", detail))
        is_all = len(known.groups ^ {*person.groups}) == len(left) + len(entered)
        return account, is_all

    async def _added(self, tx: Tx, person: Person, name: str, now: float) -> Account:
        wrong = check_new_name(name)
        if wrong is not None:
            raise wrong
        role = Role.ADMIN if self._decides(person) and person.is_admin else Role.USER
        account = Account(name, role, "", now, now)
        await tx.accounts.add(account)
        return account

    def _role(self, person: Person, account: Account) -> Role:
        if not self._decides(person):
            return account.role
        if person.is_admin:
            return Role.ADMIN
        return Role.USER if account.role is Role.ADMIN else account.role

    def _decides(self, person: Person) -> bool:
        return person.source in self._admins_of


async def _known(tx: Tx, person: Person) -> _Known:
    """Return what is known of a person; `Fault(CONFLICT)` where the name is another's."""
    profile = await tx.profiles.by_subject(person.source, person.subject)
    name = profile.name if profile is not None else person.name
    if name != person.name and person.source is Source.LDAP:
        raise _renamed(person, name)
    account = await tx.accounts.find(name)
    if account is not None and account.password_hash:
        raise _taken(person, name, "a local account, whose password is kept here")
    if profile is None:
        other = await tx.profiles.find(name)
        if other is not None or account is not None:
            whose = f"somebody else known by {other.source.value}" if other else "another account"
            raise _taken(person, name, whose)
    groups = {group for group, source in await tx.groups.of(name) if source is person.source}
    return _Known(account, profile, frozenset(groups))


def _profile(person: Person, name: str, before: Profile | None, now: float) -> Profile:
    enabled = before is None or before.enabled
    return Profile(
        name, person.source, person.subject, person.email, person.display_name, enabled, now
    )


def _renamed(person: Person, name: str) -> Fault:
    return Fault(
        Code.CONFLICT,
        f"{person.name} of {person.source.value} is known here as {name}, and users are not "
        f"renamed: an administrator may remove user {name}, so that {person.name} begins anew",
        {"name": name},
    )


def _taken(person: Person, name: str, whose: str) -> Fault:
    return Fault(
        Code.CONFLICT,
        f"{name} of {person.source.value} cannot log in here, as that name belongs to {whose}: an "
        "administrator may remove that account, or give this person another name there",
        {"name": name},
    )
