"""What everybody may do, read from the rows in another way than services do.

Rights are bits of a number: one for each permission and thing it can be about. What a grant is
worth is found by `Grant.gives` once for each area and set of permissions; the rest is set algebra.
"""

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from entrepot.oci.name import RepositoryName
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Tx
from entrepot.ports.grants import GrantRow
from entrepot.ports.robots import CredentialKind
from entrepot.rules.access import Grant, Kind
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission, known
from entrepot.rules.roles import BUILT_IN, OF_ACCOUNT
from entrepot.rules.subjects import SubjectKind
from entrepot.services.facts import WorkloadGrants
from entrepot.services.standing import LimitGrant

PROJECTS = ("acme", "beta", "newp")
"""The last is not there at the start."""
REPOSITORIES = tuple(
    RepositoryName(name)
    for name in (
        "acme/a",
        "acme/ab",
        "acme/a/b",
        "acme/a/b/c",
        "acme/ab/c",
        "acme/x",
        "beta/a",
        "beta/a/b",
        "newp/a",
    )
)
AREAS = (
    "*",
    "acme",
    "beta",
    "acme/**",
    "acme/*",
    "acme/a",
    "acme/a*",
    "acme/a/**",
    "acme/a/*",
    "acme/{a,x}",
    "acme/{a,ab}/*",
    "acme/[!x]",
    "acme/**/c",
    "acme/a/b",
    "acme/a/b/**",
    "beta/a/**",
    "beta/a",
)
USERS = ("u0", "u1", "u2", "u3", "u4", "u5")
"""The last has no account at the start."""
GROUPS = ("g0", "g1")
CUSTOM = ("r0", "r1", "r2")
RULES = ("w0", "w1")
"""Of trust in workloads; there is none at the start."""
PAGE = 1000

Who = tuple[Kind, str, str]
"""Kind, name, and the id of the access token that was shown."""
NOBODY: Who = (Kind.ANONYMOUS, "", "")

TARGETS = (*map(Target.of, REPOSITORIES), *(Target(one) for one in PROJECTS), REGISTRY)
QUESTIONS = tuple(
    dict.fromkeys((one, target.at(one.level)) for one in Permission for target in TARGETS)
)


@lru_cache(maxsize=65536)
def worth(area: str, permissions: frozenset[Permission]) -> int:
    """Return the rights that permissions in an area are."""
    grant = Grant(area, permissions)
    return sum(1 << bit for bit, asked in enumerate(QUESTIONS) if grant.gives(*asked))


OF_PUBLIC = frozenset({Permission.PULL, Permission.REPOSITORY_LIST})
PUBLIC = {
    project: sum(
        1 << bit
        for bit, (permission, target) in enumerate(QUESTIONS)
        if permission in OF_PUBLIC and target.repository is not None and target.project == project
    )
    for project in PROJECTS
}
"""What is anybody's of a public project."""
FOUNDED = {project: worth(project, frozenset(Permission)) for project in PROJECTS}
"""What a founder gets."""


def workload(rule: str) -> Who:
    """Return the workload that a rule lets in."""
    return Kind.WORKLOAD, f"workload:{rule}:repo:acme/web", ""


def words(rights: int) -> str:
    """Return some of the rights in words."""
    asked = [one for bit, one in enumerate(QUESTIONS) if rights >> bit & 1]
    told = [f"{permission.value} on {target.words}" for permission, target in asked[:4]]
    return ", ".join(told) + (f" and {len(asked) - 4} more" if len(asked) > 4 else "")


@dataclass(frozen=True, slots=True)
class View:
    """What everybody may do at one moment; `anybody` is what it takes no account for."""

    rights: dict[Who, int]
    anybody: int
    projects: frozenset[str]
    grants: tuple[GrantRow, ...]
    robots: tuple[str, ...]

    def of(self, who: Who) -> int:
        """Return somebody's rights; who is not there has what anybody has."""
        return self.rights.get(who, self.anybody)


@dataclass(frozen=True, slots=True)
class _Given:
    """What there is to count with."""

    roles: dict[str, frozenset[Permission]]
    worth: dict[tuple[SubjectKind, str], int]
    public: int

    def to(self, kind: SubjectKind, name: str) -> int:
        return self.worth.get((kind, name), 0)

    @property
    def everyone(self) -> int:
        return self.to(SubjectKind.EVERYONE, "")


async def look(tx: Tx) -> View:
    """Read everything."""
    roles = {row.name: known(row.permissions) for row in await tx.roles.page("", PAGE)}
    projects = await tx.projects.page("", PAGE)
    rows: list[GrantRow] = []
    for area in ("*", *PROJECTS):
        rows += await tx.grants.page(area, 0, PAGE)
    sums: dict[tuple[SubjectKind, str], int] = {}
    for row in rows:
        subject = (row.subject_kind, row.subject)
        sums[subject] = sums.get(subject, 0) | _worth(row.scope, row.role, row.permissions, roles)
    public = 0
    for project in projects:
        public |= PUBLIC.get(project.name, 0) if project.public else 0
    given = _Given(roles, sums, public)
    rights = {NOBODY: public | given.everyone}
    for account in await tx.accounts.page("", PAGE):
        await _read_user(tx, account, given, rights)
    robots = [robot.name for robot in await tx.robots.page(None, "", PAGE)]
    for name in robots:
        rights[Kind.ROBOT, name, ""] = rights[NOBODY] | given.to(SubjectKind.ROBOT, name)
    for rule in await tx.workloads.page("", PAGE):
        own = rights[NOBODY]
        for one in msgspec.json.decode(rule.document, type=WorkloadGrants).grants:
            own |= _worth(one.scope, one.role, one.permissions, roles)
        rights[workload(rule.name)] = own
    return View(
        rights,
        rights[NOBODY],
        frozenset(project.name for project in projects),
        tuple(rows),
        tuple(robots),
    )


async def _read_user(tx: Tx, account: Account, given: _Given, rights: dict[Who, int]) -> None:
    held = worth("*", OF_ACCOUNT[account.role]) | given.everyone
    held |= given.to(SubjectKind.USER, account.name)
    for group, _ in await tx.groups.of(account.name):
        held |= given.to(SubjectKind.GROUP, group)
    rights[Kind.USER, account.name, ""] = given.public | held
    for token in await tx.credentials.of(CredentialKind.TOKEN, account.name):
        within = held
        if token.limits:
            reach = 0
            for one in msgspec.json.decode(token.limits, type=tuple[LimitGrant, ...]):
                reach |= _worth(one.scope, one.role, one.permissions, given.roles)
            within &= reach
        rights[Kind.USER, account.name, token.id] = given.public | within


def _worth(
    area: str, role: str, names: tuple[str, ...], roles: dict[str, frozenset[Permission]]
) -> int:
    if not role:
        return worth(area, known(names))
    return worth(area, BUILT_IN.get(role) or roles.get(role, frozenset()))
