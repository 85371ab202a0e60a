"""Robots in bodies and answers."""

import msgspec

from .robotwords import RobotPermission


class RobotCreate(msgspec.Struct):
    """A robot to be made; `duration` in days, -1 for ever."""

    name: str | None = None
    description: str | None = None
    secret: str | None = None
    level: str | None = None
    disable: bool | None = None
    duration: int | None = None
    permissions: list[RobotPermission] | None = None


class RobotCreated(msgspec.Struct):
    """A robot that was made, with its secret, which is told this once."""

    creation_time: str
    expires_at: int
    id: int
    name: str
    secret: str


class RobotSec(msgspec.Struct, omit_defaults=True):
    """A secret; an empty one asks for one by chance."""

    secret: str | None = None


class Robot(msgspec.Struct, omit_defaults=True):
    """A robot."""

    creation_time: str
    creator_ref: int
    creator_type: str
    disable: bool
    duration: int
    editable: bool
    expires_at: int
    id: int
    level: str
    name: str
    permissions: list[RobotPermission]
    update_time: str
    description: str = ""


class PermissionNames(msgspec.Struct, omit_defaults=True):
    """What robots can be given."""

    project: list[dict[str, str]]
    system: list[dict[str, str]] | None = None
