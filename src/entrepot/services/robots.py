"""Robot accounts: made, changed, given new secrets and removed."""

from collections.abc import Sequence
from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.robots import CredentialKind, Robot
from entrepot.rules.access import Identity, Kind
from entrepot.rules.audit import clean
from entrepot.rules.robots import (
    DESCRIPTION_MAX,
    OVERLAP_MAX_SECONDS,
    PROJECT_ROBOTS_MAX,
    check_robot_name,
    robot_name,
)
from entrepot.rules.subjects import SubjectKind

from .auditing import Act
from .authority import Acting, changed, check_may_give
from .minting import Purpose, mint, networks_within
from .robotparts import (
    NewRobot,
    RobotChange,
    RobotView,
    act_of,
    ahead,
    applied,
    check_end,
    check_holds_all,
    check_networks,
    check_room,
    end_secrets,
    forget,
    found,
    give,
    grants_of,
    merged,
    view_of,
)


class RobotService:
    """Keeps robots. Whoever makes, changes or rotates one holds all that it may do.

    Callers have checked that `by` may manage the robots of that project, or of the registry.
    """

    def __init__(self, catalog: Catalog, clock: Clock, random: Random) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random

    async def create(self, new: NewRobot, by: Acting) -> tuple[RobotView, str]:
        """Make a robot, and return it with its secret, which is told this once.

        `Fault`: REQUEST_INVALID, NAME_INVALID, NOT_FOUND, CONFLICT; DENIED for what `by` lacks,
        and for too many robots.
        """
        wrong = check_robot_name(new.name, new.project)
        if wrong is not None:
            raise wrong
        now = self._clock.now()
        robot = Robot(
            0,
            robot_name(new.name, new.project),
            new.project,
            clean(new.description, DESCRIPTION_MAX),
            networks_within(by.identity, new.networks),
            enabled=True,
            expires_at=ahead(new.expires_at, now),
            created_at=now,
            created_by=by.caller.actor,
            changed_at=now,
        )
        gifts = merged(new.gifts)
        credential, secret = mint(self._random, Purpose(CredentialKind.ROBOT, robot.name), now)
        async with self._catalog.begin(write=True) as tx:
            await check_room(tx, robot)
            await check_end(tx, by.identity, robot.expires_at)
            await check_may_give(tx, by.identity, await grants_of(tx, robot.project, gifts))
            robot_id = await tx.robots.add(robot)
            if robot_id is None:
                raise Fault(
                    Code.CONFLICT,
                    f"there is a robot {robot.name} already: choose another name, or rotate its "
                    "secret",
                    {"name": robot.name},
                )
            # Nothing may wait for a robot of that name: neither grants nor secrets of another one.
            await forget(tx, robot.name)
            await give(tx, robot.name, gifts, by, now)
            await tx.credentials.add(credential)
            view = await view_of(tx, replace(robot, id=robot_id))
            await changed(tx, by, now, act_of("robot.created", view))
        return view, secret

    async def change(self, name: str, wanted: RobotChange, by: Acting) -> RobotView:
        """Change what is given, all or nothing.

        Tokens from before are not good any more, unless it was the description alone. `Fault`:
        NOT_FOUND, REQUEST_INVALID; DENIED for what `by` lacks of before or of now.
        """
        now = self._clock.now()
        gifts = merged(wanted.gifts) if wanted.gifts is not None else None
        async with self._catalog.begin(write=True) as tx:
            before = await found(tx, name)
            await check_holds_all(tx, name, by.identity)
            check_networks(before, by.identity)
            after = applied(before, wanted, by.identity, now)
            if wanted.expires:
                await check_end(tx, by.identity, after.expires_at)
            if gifts is not None:
                await check_may_give(tx, by.identity, await grants_of(tx, before.project, gifts))
                await tx.grants.forget(SubjectKind.ROBOT, name)
                await give(tx, name, gifts, by, now)
            if gifts is not None or replace(after, description=before.description) != before:
                # Clocks go back, and much happens within one tick.
                after = replace(after, changed_at=max(now, before.changed_at + 0.001))
            await tx.robots.change(after)
            view = await view_of(tx, after)
            await changed(tx, by, now, act_of("robot.changed", view))
        return view

    async def rotate(
        self, name: str, by: Acting, *, overlap_seconds: float = 0.0
    ) -> tuple[RobotView, str]:
        """Make a new secret; the one before is good for `overlap_seconds` more, older ones end.

        A robot may do so itself. `Fault`: NOT_FOUND, REQUEST_INVALID; DENIED for who lacks what the
        robot holds: they would get it with the secret.
        """
        if not 0 <= overlap_seconds <= OVERLAP_MAX_SECONDS:
            raise Fault(
                Code.REQUEST_INVALID,
                f"the old secret cannot be good for {overlap_seconds:.0f} s more: write 0 to "
                f"{OVERLAP_MAX_SECONDS:.0f}",
            )
        now = self._clock.now()
        made, secret = mint(self._random, Purpose(CredentialKind.ROBOT, name), now)
        async with self._catalog.begin(write=True) as tx:
            robot = await found(tx, name)
            if is_itself(by.identity, name):
                await _check_shown(tx, by.identity)
            else:
                await check_holds_all(tx, name, by.identity)
                check_networks(robot, by.identity)
            await end_secrets(tx, name, now, overlap_seconds)
            await tx.credentials.add(made)
            view = await view_of(tx, robot)
            act = Act(
                "robot.rotated",
                name,
                robot.project,
                {"secret": made.id, "overlap_seconds": overlap_seconds},
            )
            await changed(tx, by, now, act)
        return view, secret

    async def remove(self, name: str, by: Acting) -> None:
        """Remove a robot; its secrets and tokens are not good any more.

        `Fault`: NOT_FOUND; DENIED for who lacks what the robot holds.
        """
        async with self._catalog.begin(write=True) as tx:
            robot = await found(tx, name)
            await check_holds_all(tx, name, by.identity)
            view = await view_of(tx, robot)
            await forget(tx, name)
            await tx.robots.remove(name)
            await changed(tx, by, self._clock.now(), act_of("robot.removed", view))

    async def find(self, name: str) -> RobotView:
        """Return a robot by its full name, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await view_of(tx, await found(tx, name))

    async def by_id(self, robot_id: int) -> RobotView:
        """Return a robot by its id, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            robot = await tx.robots.by_id(robot_id)
            if robot is None:
                raise Fault(Code.NOT_FOUND, f"there is no robot {robot_id}: list them")
            return await view_of(tx, robot)

    async def granted(self, robots: Sequence[Robot]) -> list[RobotView]:
        """Return robots with what they may do, for a list; their secrets are left out."""
        async with self._catalog.begin() as tx:
            grants = await tx.lists.robots.grants([one.name for one in robots])
        return [RobotView(one, tuple(grants.get(one.name, ()))) for one in robots]

    async def page(self, project: str | None, after: str, limit: int) -> list[RobotView]:
        """Return robots by full name: of a project, of the registry (''), or all (None)."""
        async with self._catalog.begin() as tx:
            return [await view_of(tx, one) for one in await tx.robots.page(project, after, limit)]


def is_itself(identity: Identity, name: str) -> bool:
    """Whether that robot asks, with one of its secrets."""
    return identity.kind is Kind.ROBOT and identity.name == name and identity.grants is None


async def forget_robots(tx: Tx, project: str) -> None:
    """Remove a project's robots with all that is theirs."""
    for robot in await tx.robots.page(project, "", PROJECT_ROBOTS_MAX):
        await forget(tx, robot.name)
        await tx.robots.remove(robot.name)


async def _check_shown(tx: Tx, by: Identity) -> None:
    """Raise `Fault(DENIED)` unless a robot that rotates itself shows its newest secret.

    An old one is good for a while, but whoever kept it does not get a new one for it.
    """
    shown = await tx.credentials.find(by.credential)
    if shown is None or shown.expires_at is not None:
        raise Fault(
            Code.DENIED, f"{by.name} has a newer secret: only with that it makes another one"
        )
