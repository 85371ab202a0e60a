"""One random world: who is in it, what they try, and what came of it."""

import random
from dataclasses import dataclass, field

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.connection import Statement
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow, RoleRow
from entrepot.ports.identity import Source
from entrepot.ports.people import Group
from entrepot.ports.projects import Project
from entrepot.ports.robots import CredentialKind, Robot
from entrepot.rules.access import ANONYMOUS, Identity, Kind, Policy
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN, Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.access_tokens import AccessTokenService
from entrepot.services.accounts import AccountService
from entrepot.services.authentication import at
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService
from entrepot.services.groups import GroupService
from entrepot.services.minting import Purpose, mint
from entrepot.services.projects import ProjectService
from entrepot.services.robots import RobotService
from entrepot.services.roles import RoleService
from entrepot.services.trusting import TrustService
from entrepot.wiring.gate import Gate, Ground, assemble_gate

from .rights import AREAS, CUSTOM, GROUPS, PROJECTS, QUESTIONS, USERS, View, Who, look

PASSWORD = "correct horse battery"  # noqa: S105  of nobody real
ADDRESSES = ("10.1.2.3", "192.0.2.1")
"""Where somebody comes from: the first one that they are taken from."""
START = 1_800_000_000.0

DANGEROUS = (
    Permission.GRANT_MANAGE,
    Permission.ROBOT_MANAGE,
    Permission.USER_MANAGE,
    Permission.ROLE_MANAGE,
    Permission.PROJECT_UPDATE,
    Permission.PROJECT_DELETE,
    Permission.PROJECT_CREATE,
    Permission.WORKLOAD_MANAGE,
)
"""With these one changes what others may do; every actor should come across them."""

_ROWS = (
    "accounts",
    "credentials",
    "grants",
    "user_groups",
    "memberships",
    "projects",
    "robots",
    "roles",
    "workload_rules",
    "audit",
)


class PlainPasswords:
    """Hashes that cost nothing."""

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == f"plain:{password}"


@dataclass
class Steps:
    """A clock that ticks with each look."""

    seconds: float = START

    def now(self) -> float:
        self.seconds += 0.01
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Dice:
    """Chance by seed, for the services too."""

    rng: random.Random = field(default_factory=random.Random)

    def token(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"

    def some_permissions(self) -> tuple[str, ...]:
        """Return one to five permissions, those that change others among them."""
        rng = self.rng
        pool = DANGEROUS if rng.random() < 0.5 else tuple(Permission)
        picked = {*rng.sample(pool, rng.randint(1, 3))}
        if rng.random() < 0.7:
            picked |= {*rng.sample((Permission.PULL, Permission.PUSH, Permission.DELETE), 2)}
        return tuple(sorted(one.value for one in picked))

    def gift(self) -> tuple[str, str, tuple[str, ...]]:
        """Return an area with a role or with permissions."""
        rng = self.rng
        area = rng.choice(AREAS)
        if rng.random() < 0.5:
            return area, rng.choice((*BUILT_IN, *CUSTOM)), ()
        return area, "", self.some_permissions()


@dataclass(frozen=True, slots=True)
class Town:
    """The real services on one catalog, emptied for each world."""

    catalog: Catalog
    clock: Steps
    dice: Dice
    gate: Gate
    grants: GrantService
    roles: RoleService
    robots: RobotService
    tokens: AccessTokenService
    groups: GroupService
    projects: ProjectService
    trust: TrustService

    @property
    def accounts(self) -> AccountService:
        return self.gate.accounts

    async def view(self) -> View:
        """Read what everybody may do now."""
        async with self.catalog.begin() as tx:
            return await look(tx)

    async def identity(self, who: Who) -> Identity | None:
        """Return who they are now, as when they log in; None for who cannot."""
        kind, name, credential = who
        if kind is Kind.ANONYMOUS:
            return ANONYMOUS
        standing = await self.gate.standing.of(kind, name, credential)
        if standing is None:
            return None
        networks = standing.identity.networks
        good = [one for one in ADDRESSES if all(own.holds(one) for own in networks)]
        return at(standing, good[0]) if good else None

    async def acting(self, who: Who) -> Acting | None:
        """Return them as services are told of who asks."""
        identity = await self.identity(who)
        if identity is None:
            return None
        return Acting(identity, Caller(identity.name, "worlds", identity.address))


async def open_town() -> Town:
    """Return services over an empty catalog in memory."""
    catalog = await open_catalog("sqlite:///:memory:")
    clock, dice = Steps(), Dice()
    accounts = AccountService(catalog, PlainPasswords(), clock, dice)
    ground = Ground(catalog, clock, dice, Es256Signer(new_key()))
    return Town(
        catalog,
        clock,
        dice,
        assemble_gate(ground, accounts, Policy()),
        GrantService(catalog, clock),
        RoleService(catalog, clock),
        RobotService(catalog, clock, dice),
        AccessTokenService(catalog, clock, dice),
        GroupService(catalog, clock),
        ProjectService(catalog, clock),
        TrustService(catalog, clock, "registry.example"),
    )


async def settle(town: Town, seed: int) -> None:
    """Put the world of that seed into the town."""
    town.dice.rng.seed(seed)
    async with town.catalog.begin(write=True, durable=False) as tx:
        for table in _ROWS:
            await tx.connection.run(Statement(f"DELETE FROM {table}"), {})  # type: ignore[attr-defined]  # noqa: S608
        await _people(tx, town.dice.rng)
        await _gifts(tx, town.dice)
        await _machines(tx, town.dice)
        await tx.epochs.advance(ACCESS_EPOCH)


async def _people(tx: Tx, rng: random.Random) -> None:
    for project in PROJECTS[:-1]:
        public = rng.random() < 0.2
        await tx.projects.add(
            Project(project, public=public, networks=(), created_at=START, created_by="")
        )
    await tx.accounts.add(Account("root", Role.ADMIN, "plain:", START, START))
    for user in USERS[:-1]:
        role = rng.choice(
            (Role.USER,) * 4 + (Role.GUEST, Role.GUEST, Role.GUEST, Role.DEVELOPER, Role.MAINTAINER)
        )
        await tx.accounts.add(Account(user, role, f"plain:{PASSWORD}", START, START))
    for group in GROUPS:
        await tx.groups.put(Group(group, "", START))
        for user in rng.sample(USERS, 2):
            await tx.groups.enter(user, group, rng.choice((Source.LOCAL, Source.LDAP)))


async def _gifts(tx: Tx, dice: Dice) -> None:
    rng = dice.rng
    for role in CUSTOM[:2]:
        await tx.roles.put(RoleRow(role, dice.some_permissions(), "", START))
    for user in rng.sample(USERS, 3):
        # Who may change what others may, and holds little else.
        area = rng.choice(("*", "*", "acme", "beta"))
        names = tuple(sorted(one.value for one in rng.sample(DANGEROUS, 3)))
        await tx.grants.add(GrantRow(0, SubjectKind.USER, user, area, "", names, START, "root"))
    for _ in range(rng.randint(5, 12)):
        kind = rng.choice((SubjectKind.USER, SubjectKind.USER, SubjectKind.GROUP))
        subject = rng.choice(USERS if kind is SubjectKind.USER else GROUPS)
        await _gift(tx, dice, kind, subject)
    if rng.random() < 0.2:
        area = rng.choice(AREAS[1:])
        row = GrantRow(0, SubjectKind.EVERYONE, "", area, "", ("repository.pull",), START, "root")
        await tx.grants.add(row)


async def _gift(tx: Tx, dice: Dice, kind: SubjectKind, subject: str) -> None:
    area, role, permissions = dice.gift()
    if role != CUSTOM[-1]:
        row = GrantRow(0, kind, subject, area, role, permissions, START, "root")
        await tx.grants.add(row)


async def _machines(tx: Tx, dice: Dice) -> None:
    rng = dice.rng
    for name, project in (("robot$ci", ""), ("robot$acme+ci", "acme")):
        networks = ("10.0.0.0/8",) if rng.random() < 0.3 else ()
        robot = Robot(
            0, name, project, "", networks, rng.random() < 0.9, None, START, "root", START
        )
        await tx.robots.add(robot)
        for _ in range(rng.randint(1, 3)):
            area, role, permissions = dice.gift()
            if role != CUSTOM[-1] and (not project or area.startswith("acme")):
                row = GrantRow(0, SubjectKind.ROBOT, name, area, role, permissions, START, "root")
                await tx.grants.add(row)
    for user in ("root", rng.choice(USERS[:-1])):
        area = rng.choice(AREAS[:3])
        names = {*dice.some_permissions(), *rng.sample(DANGEROUS, 2)}
        permissions = tuple(sorted(str(one) for one in names))
        limits = f'[{{"scope":"{area}","permissions":{_json(permissions)}}}]'
        purpose = Purpose(CredentialKind.TOKEN, user, "t", limits if rng.random() < 0.8 else "")
        await tx.credentials.add(mint(dice, purpose, START)[0])


def _json(names: tuple[str, ...]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"


async def agrees(town: Town, view: View, questions: int) -> list[str]:
    """Return where the access service says something else than the rows, of random questions."""
    rng, found = town.dice.rng, []
    everybody = [*view.rights]
    for _ in range(questions):
        who, bit = rng.choice(everybody), rng.randrange(len(QUESTIONS))
        identity = await town.identity(who)
        if identity is None:  # switched off, or taken from nowhere
            continue
        verdict = await town.gate.access.verdict(identity, *QUESTIONS[bit])
        if (verdict.allowed and not verdict.founds) is not bool(view.of(who) >> bit & 1):
            permission, target = QUESTIONS[bit]
            found.append(f"{who}: {permission.value} on {target.words} is {verdict.allowed}")
    return found
