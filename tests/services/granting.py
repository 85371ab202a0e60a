"""Services of access on an in-memory catalog, and those who act on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from entrepot.oci.name import RepositoryName
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.identity import Source
from entrepot.ports.people import Group
from entrepot.rules.access import Facts, Identity, Kind, Policy
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService
from entrepot.services.roles import RoleService
from tests.services.people import People, open_people

USER = SubjectKind.USER
GROUP = SubjectKind.GROUP
EVERYONE = SubjectKind.EVERYONE


def acting(name: str = "root", role: Role | None = Role.ADMIN, **more: object) -> Acting:
    """Return somebody who changes something."""
    identity = Identity(name, role, kind=Kind.USER)
    return Acting(replace(identity, **more), Caller(name, "test", "10.0.0.1"))  # type: ignore[arg-type]


ROOT = acting()
ALICE = acting("alice", Role.USER)
BOB = acting("bob", Role.USER)


@dataclass
class Ground:
    """The services with what they stand on."""

    people: People
    projects: ProjectService
    grants: GrantService
    roles: RoleService

    @property
    def catalog(self) -> Catalog:
        return self.people.catalog

    async def give(
        self, subject: str, role: str, scope: str, kind: SubjectKind = USER, by: Acting = ROOT
    ) -> GrantRow:
        return await self.grants.give(Wanted(kind, subject, scope, role), by)

    async def facts(self, name: str, project: str, kind: Kind = Kind.USER) -> Facts:
        return await self.people.access.facts(Identity(name, kind=kind), project)

    async def may(self, name: str, permission: Permission, on: str) -> bool:
        """Return whether somebody without a role of the account may do that in a repository."""
        who = Identity(name, Role.USER, kind=Kind.USER) if name else Identity()
        target = Target.of(RepositoryName(on))
        return await self.people.access.permits(who, permission, target)

    async def group(self, name: str, *members: str) -> None:
        async with self.catalog.begin(write=True) as tx:
            await tx.groups.put(Group(name, "", 1.0))
            for member in members:
                await tx.groups.enter(member, name, Source.LOCAL)
            await tx.epochs.advance(ACCESS_EPOCH)

    async def epoch(self) -> int:
        async with self.catalog.begin() as tx:
            return await tx.epochs.find(ACCESS_EPOCH)

    async def log(self) -> list[str]:
        """Return what was done, oldest first."""
        async with self.catalog.begin() as tx:
            found = await tx.audit.page(AuditQuery(), None, 100)
        return [f"{line.actor} {line.operation} {line.resource}" for line in reversed(found.lines)]


@asynccontextmanager
async def open_ground(policy: Policy | None = None) -> AsyncIterator[Ground]:
    """Yield the services with nothing in them."""
    async with open_people(policy) as people:
        catalog, clock = people.catalog, people.clock
        yield Ground(
            people,
            ProjectService(catalog, clock),
            GrantService(catalog, clock),
            RoleService(catalog, clock),
        )
