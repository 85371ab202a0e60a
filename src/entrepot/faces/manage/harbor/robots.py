"""Robot accounts: `/robots`, of the system and of projects."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.ports.listing import By, Named, RobotsWhere
from entrepot.rules.access import Kind
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Filter, Fuzzy, Order
from entrepot.rules.robots import PREFIX, check_robot_name
from entrepot.services.listing.spans import Span
from entrepot.services.robotparts import NewRobot, RobotChange, RobotView
from entrepot.services.robots import is_itself

from .accesses import PROJECT, SYSTEM, TABLES
from .answers import created, done, moment
from .api import Call, Route
from .parts import Parts, owner_of
from .robotshapes import PermissionNames, Robot, RobotCreate, RobotCreated, RobotSec
from .robotwords import DAY_SECONDS, NEVER, RobotPermission, RobotWords, check_duration
from .tables import Table, gathered, part_of, query_of

TAG = "Robots"


TABLE: Table[RobotView] = Table(
    {
        "creation_time": lambda view: view.robot.created_at,
        "description": lambda view: view.robot.description,
        "disabled": lambda view: not view.robot.enabled,
        "id": lambda view: view.robot.id,
        # Clients leave the prefix out of what they ask for: `name=ci`, `name=project+ci`.
        "name": lambda view: view.robot.name.removeprefix(PREFIX),
        "update_time": lambda view: view.robot.changed_at,
    },
    (Order("name"),),
    frozenset({"creation_time", "update_time"}),
)


_BY = {"name": By.NAME, "creation_time": By.CREATED}


class _Robots:
    """Answers about robots."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._robots = parts.people.robots
        self._words = RobotWords(parts.notes)

    async def list_all(self, call: Call) -> Response:
        wanted = query_of(call)
        project = await _project_of(self._parts, wanted)
        await call.require(Permission.ROBOT_READ, Target(project))
        views, total = await self._page(call, project, wanted)
        return call.listed(await self._shown(views), total)

    async def _page(
        self, call: Call, project: str, wanted: Mapping[str, Filter]
    ) -> tuple[Sequence[RobotView], int]:
        """Return the page of the robots that are asked for, and how many there are."""
        sort = call.text("sort") or ""
        order, where = TABLE.by(sort, _BY), _where(project, wanted)
        if order is None or where is None:
            every: list[RobotView] = await gathered(
                lambda after, limit: self._robots.page(project, after, limit),
                lambda view: view.robot.name,
            )
            rows = TABLE.select(every, wanted, sort)
            return part_of(call, rows), len(rows)
        by, descending = order
        span = Span(call.offset, call.page_size, by, descending)
        listed = await self._parts.content.lists.robots(where, span)
        return await self._robots.granted(listed.rows), listed.total

    async def create(self, call: Call) -> Response:
        new = await call.fields(RobotCreate)
        level, given = _checked(new)
        name, project = new.name or "", given[0].namespace if level == PROJECT else ""
        wrong = check_robot_name(name, "")
        if wrong is not None:
            raise wrong
        await call.require(Permission.ROBOT_MANAGE, Target(project))
        check_duration(new.duration or 0)
        # A secret in the body means nothing, as with Harbor: the answer has the one that counts.
        now = self._parts.clock.now()
        ends = None if new.duration == NEVER else now + (new.duration or 0) * DAY_SECONDS
        gifts = self._words.gifts(given)
        wanted = NewRobot(name, project, gifts, new.description or "", ends)
        view, secret = await self._robots.create(wanted, call.acting)
        if new.disable:
            view = await self._robots.change(
                view.robot.name, RobotChange(enabled=False), call.acting
            )
        await self._words.remember(view, given)
        robot = view.robot
        body = RobotCreated(
            moment(robot.created_at), _end(robot.expires_at), robot.id, robot.name, secret
        )
        return created(f"/robots/{robot.id}", body)

    async def get(self, call: Call) -> Response:
        return json_response(200, await self.shown(await self.found(call, Permission.ROBOT_READ)))

    async def update(self, call: Call) -> Response:
        wanted = await call.fields(RobotCreate)
        view = await self.found(call, Permission.ROBOT_MANAGE)
        robot = view.robot
        level, given = _checked(wanted)
        if level == PROJECT and given[0].namespace != robot.project and robot.project:
            raise Fault(Code.REQUEST_INVALID, "cannot update the project id of robot")
        if level != _level(view) or wanted.name not in (robot.name, _short(robot.name)):
            raise Fault(Code.REQUEST_INVALID, "cannot update the level or name of robot")
        days = wanted.duration
        if days is not None:
            check_duration(days)
        changes = days is not None and days != self._words.duration(view)
        ends = None if days in (NEVER, None) else robot.created_at + days * DAY_SECONDS
        change = RobotChange(
            description=wanted.description or "",
            enabled=not wanted.disable,
            expires_at=ends,
            expires=changes,
            gifts=self._words.gifts(given),
        )
        await self._words.remember(
            await self._robots.change(robot.name, change, call.acting), given
        )
        return done()

    async def remove(self, call: Call) -> Response:
        view = await self.found(call, Permission.ROBOT_MANAGE)
        await self._robots.remove(view.robot.name, call.acting)
        return done()

    async def refresh(self, call: Call) -> Response:
        wanted = await call.fields(RobotSec)
        view = await self.found(call, Permission.ROBOT_MANAGE, itself=True)
        chosen = self._parts.people.chosen
        if wanted.secret and chosen is not None:
            await chosen.put(view.robot.name, wanted.secret, call.acting)
            return json_response(200, RobotSec())
        if wanted.secret:
            raise no_secret_given()
        _, secret = await self._robots.rotate(view.robot.name, call.acting)
        return json_response(200, RobotSec(secret))

    async def permissions(self, call: Call) -> Response:
        names = {kind: _names(kind) for kind in TABLES}
        of_system = names[SYSTEM] if await call.may(Permission.ROBOT_MANAGE, REGISTRY) else None
        return json_response(200, PermissionNames(names[PROJECT], of_system))

    async def found(self, call: Call, permission: Permission, *, itself: bool = False) -> RobotView:
        try:
            view = await self._robots.by_id(call.id("robot_id"))
        except Fault:
            # That there is none is for those who may see all of them.
            await call.require(permission)
            raise
        own = is_itself(call.identity, view.robot.name)
        if not (own and (itself or permission is Permission.ROBOT_READ)):
            await call.require(permission, Target(view.robot.project))
        return view

    async def shown(self, view: RobotView) -> Robot:
        return (await self._shown([view]))[0]

    async def _shown(self, views: Sequence[RobotView]) -> list[Robot]:
        makers = await self._parts.users({owner_of(view.robot.created_by) for view in views})
        said = await self._words.of(views)
        return [self._one(view, makers, said[view.robot.name]) for view in views]

    def _one(
        self, view: RobotView, makers: Mapping[str, int], said: list[RobotPermission]
    ) -> Robot:
        robot = view.robot
        by_robot = robot.created_by.startswith(PREFIX)
        return Robot(
            creation_time=moment(robot.created_at),
            creator_ref=0 if by_robot else makers[owner_of(robot.created_by)],
            creator_type=Kind.ROBOT.value if by_robot else "local",
            disable=not robot.enabled,
            duration=self._words.duration(view),
            editable=True,
            expires_at=_end(robot.expires_at),
            id=robot.id,
            level=_level(view),
            name=robot.name,
            permissions=said,
            update_time=moment(robot.changed_at),
            description=robot.description,
        )


def robot_routes(parts: Parts) -> list[Route]:
    """Return what is served of robots; who may do what depends on whose they are."""
    here = _Robots(parts)
    one = "/robots/{robot_id}"
    return [
        Route("GET", "/robots", here.list_all, Need.LOGIN, _LIST),
        Route("POST", "/robots", here.create, Need.LOGIN, _CREATE),
        Route("GET", one, here.get, Need.LOGIN, _about("Get a robot", gives=Robot, errors=(404,))),
        Route("PUT", one, here.update, Need.LOGIN, _UPDATE),
        Route("DELETE", one, here.remove, Need.LOGIN, _about("Delete a robot", errors=(404,))),
        Route("PATCH", one, here.refresh, Need.LOGIN, _REFRESH),
        Route("GET", "/permissions", here.permissions, Need.LOGIN, _PERMISSIONS),
    ]


def no_secret_given() -> Fault:
    """Return the fault for a secret that somebody thought out."""
    return Fault(
        Code.REQUEST_INVALID,
        "secrets of robots are made here, by chance: leave the secret out, and take the one of the "
        "answer",
    )


async def _project_of(parts: Parts, wanted: dict[str, Any]) -> str:
    """Return whose robots are asked for by `Level` and `ProjectID`; '' for those of the system."""
    level, number = wanted.get("Level", Exact(SYSTEM)), wanted.get("ProjectID")
    if level == Exact(SYSTEM):
        return ""
    if level != Exact(PROJECT):
        raise Fault(Code.REQUEST_INVALID, "bad request error level input: use project or system")
    if number is None:
        raise Fault(Code.REQUEST_INVALID, "must with project ID when to query project robots")
    text = number.value if isinstance(number, Exact) else ""
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 18):
        raise Fault(Code.REQUEST_INVALID, "ProjectID must be a positive integer")
    return await parts.project_of(int(text))


def _where(project: str, wanted: Mapping[str, Filter]) -> RobotsWhere | None:
    """Return the filter; None for one that the catalog has no words for."""
    name = wanted.get("name")
    if set(wanted) & set(TABLE.fields) - {"name"}:
        return None
    if name is None:
        return RobotsWhere(project)
    # Harbor's own names are without the prefix, and so is what is looked for.
    if isinstance(name, Exact):
        return RobotsWhere(project, Named(exact=f"{PREFIX}{name.value}"))
    if isinstance(name, Fuzzy) and "$" not in name.value and name.value.lower() not in PREFIX:
        return RobotsWhere(project, Named(part=name.value))
    return None


def _checked(given: RobotCreate) -> tuple[str, list[RobotPermission]]:
    """Return level and permissions, or raise `Fault(REQUEST_INVALID)`."""
    level = given.level or ""
    if level not in TABLES:
        raise Fault(Code.REQUEST_INVALID, f"bad request error level input: {level[:40]!a}")
    permissions = given.permissions or []
    if not permissions:
        raise Fault(Code.REQUEST_INVALID, "bad request empty permission")
    if level == PROJECT and (len(permissions) > 1 or permissions[0].kind != PROJECT):
        raise Fault(
            Code.REQUEST_INVALID,
            "bad request permission: a robot of a project has permissions in that project alone",
        )
    return level, permissions


def _level(view: RobotView) -> str:
    return PROJECT if view.robot.project else SYSTEM


def _short(name: str) -> str:
    return name.removeprefix(PREFIX).rpartition("+")[2]


def _end(expires_at: float | None) -> int:
    return NEVER if expires_at is None else int(expires_at)


def _names(kind: str) -> list[dict[str, str]]:
    return [{"action": action, "resource": resource} for resource, action in TABLES[kind]]


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_LIST = _about(
    "List robots",
    gives=list[Robot],
    query=(
        Argument("q", "Whose: `Level=project,ProjectID=7`; those of the system unless said."),
        Argument("sort", "In which order: `name`."),
        Argument("page", "Which page, from 1.", int),
        Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
    ),
)
_CREATE = _about(
    "Create a robot",
    takes=RobotCreate,
    gives=RobotCreated,
    status=201,
    errors=(400, 404, 409),
    secret=True,
)
_UPDATE = _about("Update a robot", takes=RobotCreate, errors=(400, 404))
_REFRESH = _about(
    "Refresh a robot's secret", takes=RobotSec, gives=RobotSec, errors=(400, 404), secret=True
)
_PERMISSIONS = _about("List what robots can be given", gives=PermissionNames)
