"""What a robot account is made of, and the steps of changing one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Tx
from entrepot.ports.grants import GrantRow
from entrepot.ports.notes import OF_ROBOT
from entrepot.ports.robots import Credential, CredentialKind, Robot
from entrepot.rules.access import Grant, Identity, Kind
from entrepot.rules.areas import REGISTRY_AREA, contains, project_of
from entrepot.rules.audit import clean
from entrepot.rules.networks import Networks
from entrepot.rules.robots import (
    DESCRIPTION_MAX,
    PROJECT_ROBOTS_MAX,
    ROBOT_GRANTS_MAX,
    SYSTEM_ROBOTS_MAX,
)
from entrepot.rules.subjects import SubjectKind

from .auditing import Act
from .authority import Acting, check_may_give, named_grant
from .facts import all_of_subject
from .minting import networks_within


@dataclass(frozen=True, slots=True)
class Gift:
    """Something that a robot may do somewhere: a role, or permissions one by one."""

    scope: str
    role: str = ""
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewRobot:
    """A robot that somebody asks for; of a project, or with none of the registry."""

    name: str
    """Short, as `ci`."""
    project: str = ""
    gifts: tuple[Gift, ...] = ()
    description: str = ""
    expires_at: float | None = None
    """None for never."""
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RobotChange:
    """What is to be another way; None stays as it is."""

    description: str | None = None
    enabled: bool | None = None
    expires_at: float | None = None
    expires: bool = False
    """Whether `expires_at` is meant; None is never then."""
    networks: tuple[str, ...] | None = None
    gifts: tuple[Gift, ...] | None = None


@dataclass(frozen=True, slots=True)
class RobotView:
    """A robot with what it may do, and its secrets as far as anybody knows them."""

    robot: Robot
    grants: tuple[GrantRow, ...] = ()
    secrets: tuple[Credential, ...] = field(default=(), repr=False)

    @property
    def used_at(self) -> float | None:
        """When one of its secrets was last used, within a minute."""
        return max((one.used_at for one in self.secrets if one.used_at is not None), default=None)


def ahead(expires_at: float | None, now: float) -> float | None:
    """Return the end of a robot that lies ahead; `Fault(REQUEST_INVALID)` for another one."""
    if expires_at is not None and expires_at <= now:
        raise Fault(
            Code.REQUEST_INVALID, "the robot would have expired before it is used: name a later end"
        )
    return expires_at


def merged(gifts: Iterable[Gift]) -> tuple[Gift, ...]:
    """Return gifts with one entry for what is given one by one in a scope."""
    merged: dict[tuple[str, str], dict[str, None]] = {}
    for gift in gifts:
        merged.setdefault((gift.scope, gift.role), {}).update(dict.fromkeys(gift.permissions))
        if len(merged) > ROBOT_GRANTS_MAX:
            raise Fault(
                Code.REQUEST_INVALID,
                f"a robot has at most {ROBOT_GRANTS_MAX} grants: join some of them, or make "
                "another robot",
                {"limit": ROBOT_GRANTS_MAX},
            )
    return tuple(Gift(scope, role, tuple(names)) for (scope, role), names in merged.items())


async def grants_of(tx: Tx, project: str, gifts: tuple[Gift, ...]) -> list[Grant]:
    """Return what the gifts stand for; a project's robot gets nothing outside of it."""
    grants = []
    for gift in gifts:
        grants.append(await named_grant(tx, gift.scope, gift.role, gift.permissions))
        if project and not contains(project, gift.scope):
            raise Fault(
                Code.REQUEST_INVALID,
                f"{gift.scope[:80]} does not lie in project {project}, whose robot this is: name "
                "a scope in it, or make a robot of the registry",
                {"scope": gift.scope[:80]},
            )
    for wanted in sorted({project_of(gift.scope) for gift in gifts} | {project or REGISTRY_AREA}):
        if wanted != REGISTRY_AREA and await tx.projects.find(wanted) is None:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no project {wanted[:64]}: make it first",
                {"project": wanted[:64]},
            )
    return grants


async def give(tx: Tx, name: str, gifts: tuple[Gift, ...], by: Acting, now: float) -> None:
    """Write a robot's gifts as grants to it."""
    for gift in gifts:
        row = GrantRow(
            0,
            SubjectKind.ROBOT,
            name,
            gift.scope,
            gift.role,
            gift.permissions,
            now,
            by.caller.actor,
        )
        await tx.grants.add(row)


async def check_room(tx: Tx, robot: Robot) -> None:
    """Raise `Fault(DENIED)` where there are as many robots as there may be."""
    most = PROJECT_ROBOTS_MAX if robot.project else SYSTEM_ROBOTS_MAX
    if len(await tx.robots.page(robot.project, "", most)) >= most:
        whose = f"project {robot.project}" if robot.project else "the registry"
        raise Fault(
            Code.DENIED,
            f"{whose} has {most} robots already: remove one that is not used",
            {"limit": most},
        )


def check_networks(robot: Robot, by: Identity) -> None:
    """Raise `Fault(DENIED)` if a robot is taken from where `by` is not."""
    if not all(Networks.parse(robot.networks).lies_in(own) for own in by.networks):
        raise Fault(
            Code.DENIED,
            f"{robot.name} is taken from networks from which {by.name} is not: change it as "
            "somebody who is",
        )


async def check_end(tx: Tx, by: Identity, expires_at: float | None) -> None:
    """Raise `Fault(DENIED)` if a robot would make one, or itself, last longer than it does."""
    maker = await tx.robots.find(by.name) if by.kind is Kind.ROBOT else None
    latest = maker.expires_at if maker is not None else None
    if latest is not None and (expires_at is None or expires_at > latest):
        raise Fault(
            Code.DENIED,
            f"{by.name} has an end, and what it makes ends with it at the latest: name an earlier "
            "end",
        )


async def check_holds_all(tx: Tx, name: str, by: Identity) -> None:
    """Raise `Fault(DENIED)` for who lacks something that a robot may do."""
    await check_may_give(tx, by, await all_of_subject(tx, SubjectKind.ROBOT, name))


async def found(tx: Tx, name: str) -> Robot:
    """Return a robot by its full name, or raise `Fault(NOT_FOUND)`."""
    robot = await tx.robots.find(name)
    if robot is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no robot {name[:80]!a}: list them, or make this one",
            {"name": name[:80]},
        )
    return robot


async def forget(tx: Tx, name: str) -> None:
    """Remove what a robot may do, its secrets, and what was remembered of it."""
    await tx.grants.forget(SubjectKind.ROBOT, name)
    await tx.credentials.forget(CredentialKind.ROBOT, name)
    await tx.notes.remove(OF_ROBOT, name)


async def end_secrets(tx: Tx, name: str, now: float, overlap_seconds: float) -> None:
    """Leave the newest of a robot's secrets for the overlap, and no other."""
    secrets = sorted(
        await tx.credentials.of(CredentialKind.ROBOT, name),
        key=lambda one: (one.expires_at is None, one.created_at),
    )
    for one in secrets[:-1]:
        await tx.credentials.remove(one.id)
    for one in secrets[-1:]:
        if overlap_seconds > 0:
            await tx.credentials.expire(one.id, now + overlap_seconds)
        else:
            await tx.credentials.remove(one.id)


def applied(before: Robot, wanted: RobotChange, by: Identity, now: float) -> Robot:
    """Return a robot with a change, as far as it is about the robot's own row."""
    after = before
    if wanted.description is not None:
        after = replace(after, description=clean(wanted.description, DESCRIPTION_MAX))
    if wanted.enabled is not None:
        after = replace(after, enabled=wanted.enabled)
    if wanted.expires:
        after = replace(after, expires_at=ahead(wanted.expires_at, now))
    if wanted.networks is not None:
        after = replace(after, networks=networks_within(by, wanted.networks))
    return after


async def view_of(tx: Tx, robot: Robot) -> RobotView:
    """Return a robot with what is kept beside it."""
    grants = await tx.grants.of_subject(SubjectKind.ROBOT, robot.name, ROBOT_GRANTS_MAX)
    secrets = await tx.credentials.of(CredentialKind.ROBOT, robot.name)
    return RobotView(robot, tuple(grants), tuple(secrets))


def act_of(operation: str, view: RobotView) -> Act:
    """Return the line of the log; nothing of a secret is in it."""
    robot = view.robot
    detail = {
        "grants": [
            {"scope": one.scope, "role": one.role, "permissions": [*one.permissions]}
            for one in view.grants
        ],
        "networks": [*robot.networks],
        "enabled": robot.enabled,
        "expires_at": robot.expires_at,
    }
    return Act(operation, robot.name, robot.project, detail)
