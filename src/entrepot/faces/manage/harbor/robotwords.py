"""Robots in Harbor's words: permissions by kind and namespace, durations in days."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.grants import GrantRow
from entrepot.ports.notes import OF_ROBOT
from entrepot.rules.areas import REGISTRY_AREA
from entrepot.rules.permissions import Permission, known
from entrepot.rules.roles import BUILT_IN
from entrepot.services.notes import NoteService
from entrepot.services.robotparts import Gift, RobotView

from .accesses import SYSTEM, TABLES, needed, told

DAY_SECONDS = 86400.0
NEVER = -1
DAYS_MAX = 36500
EVERYWHERE = "/"
"""The namespace of a permission on the system."""
ALL_PROJECTS = "*"
PERMISSIONS_MAX = 512
_ROUNDING_SECONDS = 1.0


class Access(msgspec.Struct, omit_defaults=True):
    """One thing that can be done to one kind of resource."""

    action: str = ""
    resource: str = ""
    effect: str = ""


class RobotPermission(msgspec.Struct, omit_defaults=True):
    """What is allowed: in a project, in all of them (`*`), or on the system (`/`)."""

    access: list[Access] | None = None
    kind: str = ""
    namespace: str = ""


class _Note(msgspec.Struct):
    id: int
    gifts: list[tuple[str, str, list[str]]]
    given: list[RobotPermission]


class RobotWords:
    """Translates both ways, and remembers what was said as long as it is true."""

    def __init__(self, notes: NoteService) -> None:
        self._notes = notes

    def gifts(self, given: Sequence[RobotPermission]) -> tuple[Gift, ...]:
        """Return what stands for the permissions; `Fault(REQUEST_INVALID)` for one that is none."""
        if len(given) > PERMISSIONS_MAX:
            raise Fault(Code.REQUEST_INVALID, f"too many permissions: {PERMISSIONS_MAX} at most")
        found: dict[str, set[Permission]] = {}
        for one in given:
            scope, permissions = _scope(one), needed(one.kind, _accesses(one))
            found.setdefault(scope, set()).update(permissions)
        return tuple(
            Gift(scope, "", tuple(sorted(permissions)))
            for scope, permissions in sorted(found.items())
            if permissions
        )

    async def remember(self, view: RobotView, given: Sequence[RobotPermission]) -> None:
        """Keep the words beside what the robot may do now."""
        note = _Note(view.robot.id, _fingerprint(view.grants), [*given])
        await self._notes.put(OF_ROBOT, view.robot.name, msgspec.json.encode(note).decode())

    async def of(self, views: Sequence[RobotView]) -> dict[str, list[RobotPermission]]:
        """Return what robots may do: as it was said, unless it was changed otherwise since."""
        texts = await self._notes.of(OF_ROBOT, [view.robot.name for view in views])
        return {view.robot.name: _said(view, texts.get(view.robot.name)) for view in views}

    def duration(self, view: RobotView) -> int:
        """Return how many days a robot is good for, in all; -1 for ever."""
        robot = view.robot
        if robot.expires_at is None:
            return NEVER
        life = robot.expires_at - robot.created_at - _ROUNDING_SECONDS
        return max(1, math.ceil(life / DAY_SECONDS))


def check_duration(days: int) -> None:
    """Raise `Fault(REQUEST_INVALID)` for what is neither -1 nor a number of days."""
    if days != NEVER and not 0 < days <= DAYS_MAX:
        raise Fault(
            Code.REQUEST_INVALID,
            f"bad request error duration input: {days}, duration must be either -1(Never) or a "
            f"positive integer, {DAYS_MAX} at most",
        )


def _scope(one: RobotPermission) -> str:
    if one.kind not in TABLES:
        raise Fault(Code.REQUEST_INVALID, f"bad request permission level: {one.kind[:40]!a}")
    if one.kind == SYSTEM or one.namespace == ALL_PROJECTS:
        return REGISTRY_AREA
    return one.namespace


def _accesses(one: RobotPermission) -> list[tuple[str, str]]:
    if not one.access:
        raise Fault(Code.REQUEST_INVALID, "bad request empty access")
    for access in one.access:
        if (access.resource, access.action) not in TABLES[one.kind]:
            raise Fault(
                Code.REQUEST_INVALID,
                f"bad request permission: {access.resource[:40]}:{access.action[:40]} is not among "
                "those of /permissions",
            )
        if access.effect not in ("", "allow"):
            raise Fault(
                Code.REQUEST_INVALID,
                f"bad request effect: {access.effect[:40]!a}: permissions only allow",
            )
    return [(access.resource, access.action) for access in one.access]


def _said(view: RobotView, text: str | None) -> list[RobotPermission]:
    if text is not None:
        note = msgspec.json.decode(text, type=_Note)
        if (note.id, note.gifts) == (view.robot.id, _fingerprint(view.grants)):
            return note.given
    return [one for row in view.grants for one in _told(row)]


def _fingerprint(grants: Sequence[GrantRow]) -> list[tuple[str, str, list[str]]]:
    return sorted((row.scope, row.role, sorted(row.permissions)) for row in grants)


def _told(row: GrantRow) -> list[RobotPermission]:
    permissions = BUILT_IN[row.role] if row.role in BUILT_IN else known(row.permissions)
    found: list[Any] = []
    for kind, accesses in told(permissions).items():
        if not accesses:
            continue
        namespace = EVERYWHERE if kind == SYSTEM else row.scope
        found.append(
            RobotPermission([Access(action, name) for name, action in accesses], kind, namespace)
        )
    return found
