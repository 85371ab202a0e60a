"""A registry with project acme, its people, and robots."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.grants import GrantRow
from entrepot.rules.access import Identity, Kind
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import PROJECT_ADMIN, Role
from entrepot.rules.scopes import parse_scopes
from entrepot.rules.subjects import SubjectKind
from entrepot.services.access_tokens import AccessTokenService
from entrepot.services.authentication import at
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService
from entrepot.services.robotparts import Gift, NewRobot, RobotView
from entrepot.services.robots import RobotService
from tests.services.house import HandClock
from tests.services.people import PASSWORD, People, open_people

WEB = RepositoryName("acme/web/app")
ROOT = Identity("root", Role.ADMIN, kind=Kind.USER)
PUSH = (Permission.PULL.value, Permission.PUSH.value)
PULL = (Permission.PULL.value,)


def acting(identity: Identity) -> Acting:
    """Return somebody who changes something, with a program of theirs."""
    return Acting(identity, Caller(identity.name, "test", identity.address))


@dataclass
class Plant:
    """The services, and short ways to ask them."""

    people: People

    @property
    def robots(self) -> RobotService:
        return self.people.gate.robots

    @property
    def tokens(self) -> AccessTokenService:
        return self.people.gate.access_tokens

    @property
    def clock(self) -> HandClock:
        return self.people.clock

    async def robot(self, name: str = "ci", project: str = "acme", *gifts: Gift) -> str:
        """Make a robot that may push to acme/web, unless it is said what; return its secret."""
        given = gifts or (Gift("acme/web/**", permissions=PUSH),)
        return (await self.robots.create(NewRobot(name, project, given), acting(ROOT)))[1]

    async def view(self, name: str = "robot$acme+ci") -> RobotView:
        return await self.robots.find(name)

    async def login(self, name: str, secret: str = PASSWORD, address: str = "") -> Identity:
        """Return who that is, as they come with user name and password."""
        return at(await self.people.access.login(name, secret, address), address)

    async def refused_login(self, name: str, secret: str = PASSWORD) -> str:
        """Return why that is not let in."""
        with pytest.raises(Fault) as caught:
            await self.people.access.login(name, secret)
        assert caught.value.code is Code.UNAUTHORIZED
        assert not secret or secret not in caught.value.message
        return caught.value.message

    async def may(
        self, identity: Identity, permission: Permission, target: Target | None = None
    ) -> bool:
        target = target or Target.of(WEB)
        return await self.people.access.permits(identity, permission, target)

    async def bearer(self, name: str, secret: str) -> tuple[str, str]:
        """Return an access token for acme/web/app, and a refresh token."""
        holder = await self.people.access.login(name, secret)
        scopes = parse_scopes([f"repository:{WEB}:pull,push"])
        policy = self.people.access.policy
        issued = await self.people.tokens.issue(holder, scopes, policy)
        assert issued.scopes
        return issued.token, self.people.tokens.issue_refresh(holder)

    async def is_dead(self, bearer: tuple[str, str]) -> bool:
        """Whether both tokens are refused; AssertionError if one of them only."""
        dead = []
        for attempt in (
            self.people.access.identify(f"Bearer {bearer[0]}"),
            self.people.tokens.refreshed(bearer[1]),
        ):
            try:
                await attempt
                dead.append(False)
            except Fault as fault:
                if fault.code is not Code.UNAUTHORIZED:
                    raise
                dead.append(True)
        assert len(set(dead)) == 1
        return dead[0]

    async def user(self, name: str, *gifts: Gift, role: Role = Role.USER) -> Identity:
        """Make a user, give them that, and let them log in."""
        await self.people.add(name, role)
        grants = GrantService(self.people.catalog, self.clock)
        for gift in gifts:
            wanted = Wanted(SubjectKind.USER, name, gift.scope, gift.role, gift.permissions)
            await grants.give(wanted, acting(ROOT))
        return await self.login(name)

    async def owner(self) -> Identity:
        """Return alice, who runs project acme."""
        return await self.user("alice", Gift("acme", PROJECT_ADMIN))

    async def grants_to(self, robot: str) -> list[GrantRow]:
        async with self.people.catalog.begin() as tx:
            return await tx.grants.of_subject(SubjectKind.ROBOT, robot, 1000)

    async def audit(self) -> list[tuple[str, str, str]]:
        """Return operation, resource and detail of all lines, oldest first."""
        async with self.people.catalog.begin() as tx:
            lines = await tx.audit.after(0, 1000)
        return [(line.operation, line.resource, line.detail) for line in lines]


async def refusal(code: Code, attempt: object) -> str:
    """Return what an attempt was refused with."""
    with pytest.raises(Fault) as caught:
        await attempt  # type: ignore[misc]
    assert caught.value.code is code, caught.value.message
    return caught.value.message


def elsewhere(identity: Identity, address: str) -> Identity:
    """Return the identity as it comes from another address."""
    return replace(identity, address=address)


@asynccontextmanager
async def open_plant() -> AsyncIterator[Plant]:
    """Yield a registry with projects acme and other, and no robots."""
    async with open_people() as people:
        projects = ProjectService(people.catalog, people.clock)
        for name in ("acme", "other"):
            await projects.create(name, acting(ROOT))
        yield Plant(people)
