"""What the resources about people, projects and the registry stand on."""

from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.rules.access import Kind
from entrepot.rules.passwords import check_name
from entrepot.services.accounts import ADMIN, AccountService
from entrepot.services.chosen import ChosenSecrets
from entrepot.services.context import OPERATOR
from entrepot.services.grants import GrantService
from entrepot.services.groups import GroupService
from entrepot.services.listing.service import ListingService
from entrepot.services.notes import NoteService
from entrepot.services.numbers import GROUP, PROJECT, USER, NumberService
from entrepot.services.people import PeopleService
from entrepot.services.policies import PolicyService
from entrepot.services.profiles import ProfileService
from entrepot.services.projects import ProjectService
from entrepot.services.purging import PurgeService
from entrepot.services.quotas import QuotaService
from entrepot.services.robots import RobotService
from entrepot.services.roles import RoleService
from entrepot.services.trash import TrashService

from .api import Call
from .system import SiteFacts


@dataclass(frozen=True, slots=True)
class People:
    """Who may do what."""

    accounts: AccountService
    profiles: ProfileService
    groups: GroupService
    grants: GrantService
    roles: RoleService
    robots: RobotService
    chosen: ChosenSecrets | None = None
    directory: PeopleService | None = None
    """People of a directory, where there is one."""


@dataclass(frozen=True, slots=True)
class Content:
    """What there is of projects."""

    projects: ProjectService
    policies: PolicyService
    quotas: QuotaService
    lists: ListingService
    trash: TrashService
    purging: PurgeService


@dataclass(frozen=True, slots=True)
class Parts:
    """All of it."""

    people: People
    content: Content
    numbers: NumberService
    notes: NoteService
    site: SiteFacts

    @property
    def clock(self) -> Clock:
        return self.site.clock

    async def projects(self, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of projects."""
        return await self.numbers.of(PROJECT, [*names])

    async def users(self, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of users."""
        return await self.numbers.of(USER, [*names])

    async def groups(self, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of groups."""
        return await self.numbers.of(GROUP, [*names])

    async def project_of(self, number: int) -> str:
        """Return the project with that number, or raise `Fault(NOT_FOUND)`."""
        name = await self.numbers.name(PROJECT, number)
        if name is None:
            raise Fault(Code.NOT_FOUND, f"project {number} not found")
        return name

    async def user_of(self, number: int) -> str:
        """Return the name of the user with that number, or raise `Fault(NOT_FOUND)`."""
        name = await self.numbers.name(USER, number)
        if name is None:
            raise Fault(Code.NOT_FOUND, f"user {number} not found")
        return name

    async def group_of(self, number: int) -> str:
        """Return the name of the group with that number, or raise `Fault(NOT_FOUND)`."""
        name = await self.numbers.name(GROUP, number)
        if name is None:
            raise Fault(Code.NOT_FOUND, f"the user group with id {number} is not found")
        return name


def owner_of(created_by: str) -> str:
    """Return who owns what somebody made: the administrator what no user did."""
    return created_by if created_by != OPERATOR and check_name(created_by) is None else ADMIN


def is_user(call: Call) -> bool:
    """Whether a person calls, with a number of their own."""
    return call.identity.kind is Kind.USER and call.by is not None
