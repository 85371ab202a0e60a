"""Robot accounts over HTTP: `/api/entrepot/v1/robots`."""

from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.ports.grants import GrantRow
from entrepot.rules.areas import Target
from entrepot.rules.expiry import NEVER, parse_expiry
from entrepot.rules.networks import NETWORKS_MAX
from entrepot.rules.permissions import Permission
from entrepot.rules.robots import OVERLAP_MAX_SECONDS, is_robot, project_of_robot
from entrepot.rules.roles import PERMISSIONS_MAX
from entrepot.services.authority import Acting
from entrepot.services.robotparts import Gift, NewRobot, RobotChange, RobotView
from entrepot.services.robots import RobotService, is_itself

from .about import About, Argument, Moment, Page
from .api import Call, Route, maybe, moment, page
from .callers import Need

GIVEN_MAX = 512
"""Grants in one body; robots have fewer once those of one scope are joined."""

_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Networks = Annotated[list[_Text], msgspec.Meta(max_length=NETWORKS_MAX)]


class RobotGrant(msgspec.Struct, forbid_unknown_fields=True):
    """One grant: a role, or permissions, in a scope."""

    scope: _Text
    role: _Text = ""
    permissions: Annotated[list[_Text], msgspec.Meta(max_length=PERMISSIONS_MAX)] = []


_Grants = Annotated[list[RobotGrant], msgspec.Meta(max_length=GIVEN_MAX)]


class NewRobotBody(msgspec.Struct, forbid_unknown_fields=True):
    """A robot to be made; without a project it is a robot of the registry."""

    name: _Text
    project: _Text = ""
    description: _Text = ""
    grants: _Grants = []
    expires: _Text = NEVER
    networks: _Networks = []


class RobotChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a robot; what is left out stays."""

    description: _Text | None = None
    enabled: bool | None = None
    grants: _Grants | None = None
    expires: _Text | None = None
    networks: _Networks | None = None


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """How long the old secret is good beside the new one."""

    overlap_seconds: Annotated[float, msgspec.Meta(ge=0, le=OVERLAP_MAX_SECONDS)] = 0.0


class RobotSecret(msgspec.Struct):
    """A secret of a robot, without its value."""

    id: str
    created_at: Moment
    expires_at: Moment | None
    used_at: Moment | None


class Robot(msgspec.Struct, kw_only=True):
    """An account for a program."""

    name: str
    project: str
    """Empty for one of the registry."""
    description: str
    enabled: bool
    grants: list[RobotGrant]
    networks: list[str]
    expires_at: Moment | None
    created_at: Moment
    created_by: str
    used_at: Moment | None
    secrets: list[RobotSecret]


class MadeRobot(Robot, kw_only=True):
    """A robot with its new secret, which is told this once."""

    secret: str


def robot_routes(robots: RobotService, clock: Clock) -> list[Route]:
    """Return what is served of robots; who may do what depends on whose they are."""

    async def list_all(call: Call) -> Response:
        # All of them, those of a project, or with an empty one those of the registry.
        project, limit = call.text("project"), call.limit()
        await call.require(Permission.ROBOT_READ, Target(project or ""))
        found = await robots.page(project, call.text("after") or "", limit + 1)
        items = [_shown(view) for view in found[:limit]]
        return page(items, items[-1].name if len(found) > limit else None)

    async def create(call: Call) -> Response:
        new = await call.body(NewRobotBody)
        await call.require(Permission.ROBOT_MANAGE, Target(new.project))
        wanted = NewRobot(
            new.name,
            new.project,
            _gifts(new.grants),
            new.description,
            parse_expiry(new.expires, clock.now()),
            tuple(new.networks),
        )
        view, secret = await robots.create(wanted, _acting(call))
        return json_response(201, _made(view, secret))

    async def get(call: Call) -> Response:
        name = await _named(call, Permission.ROBOT_READ)
        return json_response(200, _shown(await robots.find(name)))

    async def change(call: Call) -> Response:
        name = await _named(call, Permission.ROBOT_MANAGE)
        body = await call.body(RobotChangeBody)
        wanted = RobotChange(
            description=body.description,
            enabled=body.enabled,
            expires_at=parse_expiry(body.expires, clock.now()) if body.expires else None,
            expires=bool(body.expires),
            networks=tuple(body.networks) if body.networks is not None else None,
            gifts=_gifts(body.grants) if body.grants is not None else None,
        )
        return json_response(200, _shown(await robots.change(name, wanted, _acting(call))))

    async def rotate(call: Call) -> Response:
        name = await _named(call, Permission.ROBOT_MANAGE, itself=True)
        body = await call.body(Rotation)
        view, secret = await robots.rotate(
            name, _acting(call), overlap_seconds=body.overlap_seconds
        )
        return json_response(200, _made(view, secret))

    async def remove(call: Call) -> Response:
        name = await _named(call, Permission.ROBOT_MANAGE)
        await robots.remove(name, _acting(call))
        return Response(204)

    return [
        Route("GET", "/robots", list_all, Need.LOGIN, told=_LIST),
        Route("POST", "/robots", create, Need.LOGIN, told=_MAKE),
        Route("GET", "/robots/{robot}", get, Need.LOGIN, told=_GET),
        Route("PATCH", "/robots/{robot}", change, Need.LOGIN, told=_CHANGE),
        Route("DELETE", "/robots/{robot}", remove, Need.LOGIN, told=_REMOVE),
        Route("POST", "/robots/{robot}/rotate", rotate, Need.LOGIN, told=_ROTATE),
    ]


_LIST = About(
    "List robots",
    gives=Page[Robot],
    query=(Argument("project", "Those of a project; with an empty one those of the registry."),),
    pages="after",
    tag="robots",
)
_MAKE = About(
    "Make a robot",
    takes=NewRobotBody,
    gives=MadeRobot,
    status=201,
    errors=(404, 409),
    tag="robots",
    secret=True,
)
_GET = About("Get a robot", gives=Robot, errors=(404,), tag="robots")
_CHANGE = About("Change a robot", takes=RobotChangeBody, gives=Robot, errors=(404,), tag="robots")
_REMOVE = About("Remove a robot", status=204, errors=(404,), tag="robots")
_ROTATE = About(
    "Rotate a robot's secret",
    takes=Rotation,
    gives=MadeRobot,
    errors=(404,),
    tag="robots",
    secret=True,
    name="rotate_robot",
)


async def _named(call: Call, permission: Permission, *, itself: bool = False) -> str:
    """Return the path's robot; that there is one, nobody learns who may not see it.

    A robot may look at itself, and with `itself` do more.
    """
    name = call.parts["robot"]
    if is_itself(call.identity, name) and (itself or permission is Permission.ROBOT_READ):
        return name
    await call.require(permission, Target(project_of_robot(name)))
    if not is_robot(name):
        raise Fault(
            Code.NOT_FOUND,
            f"{name[:80]!a} is no robot's name: they begin with robot$",
            {"name": name[:80]},
        )
    return name


def _acting(call: Call) -> Acting:
    return Acting(call.identity, call.caller)


def _gifts(given: list[RobotGrant]) -> tuple[Gift, ...]:
    return tuple(Gift(one.scope, one.role, tuple(one.permissions)) for one in given)


def _shown(view: RobotView) -> Robot:
    robot = view.robot
    return Robot(
        name=robot.name,
        project=robot.project,
        description=robot.description,
        enabled=robot.enabled,
        grants=[_grant(row) for row in view.grants],
        networks=[*robot.networks],
        expires_at=maybe(robot.expires_at),
        created_at=moment(robot.created_at),
        created_by=robot.created_by,
        used_at=maybe(view.used_at),
        secrets=[
            RobotSecret(one.id, moment(one.created_at), maybe(one.expires_at), maybe(one.used_at))
            for one in view.secrets
        ],
    )


def _made(view: RobotView, secret: str) -> MadeRobot:
    return MadeRobot(**msgspec.structs.asdict(_shown(view)), secret=secret)


def _grant(row: GrantRow) -> RobotGrant:
    return RobotGrant(row.scope, row.role, [*row.permissions])
