"""What is served of robots.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class MadeRobot(msgspec.Struct, kw_only=True):
    """A robot with its new secret, which is told this once."""

    name: str
    project: str
    description: str
    enabled: bool
    grants: list[RobotGrant]
    networks: list[str]
    expires_at: str | None
    created_at: str
    created_by: str
    used_at: str | None
    secrets: list[RobotSecret]
    secret: str


class NewRobotBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A robot to be made; without a project it is a robot of the registry."""

    name: str
    project: str = ""
    description: str = ""
    grants: list[RobotGrant] = []
    expires: str = "never"
    networks: list[str] = []


class Robot(msgspec.Struct, kw_only=True):
    """An account for a program."""

    name: str
    project: str
    description: str
    enabled: bool
    grants: list[RobotGrant]
    networks: list[str]
    expires_at: str | None
    created_at: str
    created_by: str
    used_at: str | None
    secrets: list[RobotSecret]


class RobotChangeBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes of a robot; what is left out stays."""

    description: str | None = None
    enabled: bool | None = None
    grants: list[RobotGrant] | None = None
    expires: str | None = None
    networks: list[str] | None = None


class RobotGrant(msgspec.Struct, kw_only=True):
    """One grant: a role, or permissions, in a scope."""

    scope: str
    role: str = ""
    permissions: list[str] = []


class RobotPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Robot]
    next: str | int | None


class RobotSecret(msgspec.Struct, kw_only=True):
    """A secret of a robot, without its value."""

    id: str
    created_at: str
    expires_at: str | None
    used_at: str | None


class Rotation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How long the old secret is good beside the new one."""

    overlap_seconds: float = 0.0


class RobotsApi:
    """What is served of robots; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def change_robot(
        self,
        robot: str | int,
        body: RobotChangeBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Robot:
        """Change a robot."""
        found: Robot = self._transport.typed(
            "PATCH",
            f"/robots/{segment(robot)}",
            {200: Robot},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_robot(self, robot: str | int) -> Robot:
        """Get a robot."""
        found: Robot = self._transport.typed("GET", f"/robots/{segment(robot)}", {200: Robot})
        return found

    def list_robots(
        self, *, project: str | None = None, limit: int | None = None, after: str | None = None
    ) -> RobotPage:
        """List robots."""
        found: RobotPage = self._transport.typed(
            "GET",
            "/robots",
            {200: RobotPage},
            query={"project": project, "limit": limit, "after": after},
        )
        return found

    def list_robots_all(
        self, *, project: str | None = None, most: int | None = None
    ) -> Iterator[Robot]:
        """List robots. Page after page, at most `most`."""
        return self._transport.pages("/robots", RobotPage, "after", {"project": project}, most=most)

    def make_robot(self, body: NewRobotBody, *, key: str | None = None) -> MadeRobot:
        """Make a robot."""
        found: MadeRobot = self._transport.typed(
            "POST", "/robots", {201: MadeRobot}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def remove_robot(
        self, robot: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a robot."""
        self._transport.typed(
            "DELETE",
            f"/robots/{segment(robot)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def rotate_robot(
        self, robot: str | int, body: Rotation, *, key: str | None = None
    ) -> MadeRobot:
        """Rotate a robot's secret."""
        found: MadeRobot = self._transport.typed(
            "POST",
            f"/robots/{segment(robot)}/rotate",
            {200: MadeRobot},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found
