"""Projects and grants over HTTP, below `/api/entrepot/v1`."""

import asyncio
from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.grants import GrantRow
from entrepot.ports.projects import Project as ProjectRow
from entrepot.rules.areas import REGISTRY, REGISTRY_AREA, Target, check_area, project_of
from entrepot.rules.networks import NETWORKS_MAX
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import PERMISSIONS_MAX
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService

from .about import About, Argument, Cursor, Moment, Page
from .api import ROOT, Call, Route, moment, page
from .callers import Need

STEP = 100
"""Projects read at once while a list is made for somebody."""
STEPS_MAX = 10
"""Most steps for one page: projects that are not for the caller fill none, but take time."""

_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Networks = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=NETWORKS_MAX)
]
_Permissions = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=PERMISSIONS_MAX)
]


class NewProject(msgspec.Struct, forbid_unknown_fields=True):
    """A project to be made."""

    name: _Text
    public: bool = False
    networks: _Networks = []


class ProjectChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a project; what is left out stays."""

    public: bool | None = None
    networks: _Networks | None = None


class NewGrant(msgspec.Struct, forbid_unknown_fields=True):
    """A grant to be given: a role or permissions, to somebody, in a scope."""

    subject_kind: SubjectKind
    subject: _Text = ""
    scope: _Text = ""
    """Left out below a project: all of it."""
    role: _Text = ""
    permissions: _Permissions = []


class Project(msgspec.Struct):
    """A namespace of repositories."""

    name: str
    public: bool
    networks: list[str]
    created_at: Moment
    created_by: str


class Grant(msgspec.Struct, kw_only=True):
    """A role or permissions that somebody has in a scope."""

    id: int
    subject_kind: SubjectKind
    subject: str
    scope: str
    role: str
    permissions: list[str]
    created_at: Moment
    created_by: str


def project_routes(projects: ProjectService) -> list[Route]:
    """Return what is served of projects; the deleting of their content is with the trash."""

    async def list_all(call: Call) -> Response:
        limit, after = call.limit(), call.text("after") or ""
        names = await call.places(Permission.PROJECT_READ)
        found: list[ProjectRow] = []
        for _ in range(STEPS_MAX):
            rows = await projects.page(after, STEP)
            for row in rows:
                if len(found) == limit:
                    return page([_project(one) for one in found], after)
                after = row.name
                if names is None or row.public or row.name in names:
                    found.append(row)
            if len(rows) < STEP:
                return page([_project(one) for one in found], None)
            # Others are served between the steps.
            await asyncio.sleep(0)
        return page([_project(one) for one in found], after)

    async def create(call: Call) -> Response:
        new = await call.body(NewProject)
        by = Acting(call.identity, call.caller)
        made = await projects.create(new.name, by, public=new.public, networks=tuple(new.networks))
        response = json_response(201, _project(made))
        response.set("Location", f"{ROOT}/projects/{made.name}")
        return response

    async def get(call: Call) -> Response:
        name = call.parts["project"]
        if not await call.may(Permission.PROJECT_READ, call.target):
            facts = await call.access.facts(call.identity, name)
            if not facts.public:
                await call.require(Permission.PROJECT_READ, call.target)
        return json_response(200, _project(await projects.find(name)))

    async def change(call: Call) -> Response:
        wanted = await call.body(ProjectChange)
        networks = tuple(wanted.networks) if wanted.networks is not None else None
        changed = await projects.change(
            call.parts["project"],
            Acting(call.identity, call.caller),
            public=wanted.public,
            networks=networks,
        )
        return json_response(200, _project(changed))

    return [
        Route("GET", "/projects", list_all, Need.LOGIN, told=_LIST),
        Route("POST", "/projects", create, Permission.PROJECT_CREATE, told=_MAKE),
        Route("GET", "/projects/{project}", get, Need.LOGIN, told=_GET),
        Route("PATCH", "/projects/{project}", change, Permission.PROJECT_UPDATE, told=_CHANGE),
    ]


def grant_routes(grants: GrantService) -> list[Route]:
    """Return what is served of grants: of projects, of one subject, and of the whole registry."""

    async def of_project(call: Call) -> Response:
        return await listed(call, call.parts["project"])

    async def list_some(call: Call) -> Response:
        kind = call.text("subject_kind")
        if kind is None:
            await call.require(Permission.GRANT_READ)
            return await listed(call, REGISTRY_AREA)
        subject = call.text("subject") or ""
        found = await grants.of(_kind(kind), subject)
        own = kind == call.identity.kind.value and subject == call.identity.name
        shown = [
            row for row in found if own or await call.may(Permission.GRANT_READ, _target(row.scope))
        ]
        return page([_grant(row) for row in shown], None)

    async def listed(call: Call, project: str) -> Response:
        limit, after = call.limit(), call.number("after", 0) if call.text("after") else 0
        found = await grants.page(project, after, limit + 1)
        items = [_grant(row) for row in found[:limit]]
        return page(items, items[-1].id if len(found) > limit else None)

    async def give_in_project(call: Call) -> Response:
        new = await call.body(NewGrant)
        project = call.parts["project"]
        scope = new.scope or project
        if project_of(scope) != project:
            raise Fault(
                Code.REQUEST_INVALID,
                f"{scope[:80]} does not lie in project {project[:80]}: leave the scope away for "
                "all of it, or name a pattern in it",
            )
        return await given(call, new, scope)

    async def give(call: Call) -> Response:
        new = await call.body(NewGrant)
        return await given(call, new, new.scope)

    async def given(call: Call, new: NewGrant, scope: str) -> Response:
        wrong = check_area(scope)
        if wrong is not None:
            raise wrong
        await call.require(Permission.GRANT_MANAGE, _target(scope))
        wanted = Wanted(new.subject_kind, new.subject, scope, new.role, tuple(new.permissions))
        row = await grants.give(wanted, Acting(call.identity, call.caller))
        response = json_response(201, _grant(row))
        response.set("Location", f"{ROOT}/grants/{row.id}")
        return response

    async def take(call: Call) -> Response:
        row = await grants.find(_id(call))
        await call.require(Permission.GRANT_MANAGE, _target(row.scope))
        await grants.take(row.id, Acting(call.identity, call.caller))
        return Response(204)

    return [
        Route("GET", _IN_PROJECT, of_project, Permission.GRANT_READ, told=_GRANTS_IN),
        Route("POST", _IN_PROJECT, give_in_project, Permission.GRANT_MANAGE, told=_GIVE_IN),
        Route("GET", "/grants", list_some, Need.LOGIN, told=_GRANTS),
        Route("POST", "/grants", give, Need.LOGIN, told=_GIVE),
        Route("DELETE", "/grants/{grant}", take, Need.LOGIN, told=_TAKE),
    ]


_LIST = About(
    "List projects",
    gives=Page[Project],
    pages="after",
    tag="projects",
    text="Those that the caller may see; a page may be short and have a next one.",
)
_MAKE = About(
    "Make a project", takes=NewProject, gives=Project, status=201, errors=(409,), tag="projects"
)
_GET = About("Get a project", gives=Project, errors=(404,), tag="projects")
_CHANGE = About(
    "Change a project", takes=ProjectChange, gives=Project, errors=(404,), tag="projects"
)
_IN_PROJECT = "/projects/{project}/grants"
_GRANTS_IN = About(
    "List grants of a project",
    gives=Page[Grant],
    pages="after",
    cursor=Cursor,
    tag="grants",
    name="list_project_grants",
)
_GIVE_IN = About(
    "Give a grant in a project",
    takes=NewGrant,
    gives=Grant,
    status=201,
    errors=(404, 409),
    tag="grants",
    name="give_project_grant",
)
_GRANTS = About(
    "List grants of the registry, or of somebody",
    gives=Page[Grant],
    query=(
        Argument("subject_kind", "Of whom; with it all that they have, on one page.", SubjectKind),
        Argument("subject", "Their name."),
    ),
    pages="after",
    cursor=Cursor,
    tag="grants",
    name="list_grants",
)
_GIVE = About(
    "Give a grant", takes=NewGrant, gives=Grant, status=201, errors=(404, 409), tag="grants"
)
_TAKE = About("Take a grant away", status=204, errors=(404,), tag="grants", name="take_grant")


def _target(scope: str) -> Target:
    project = project_of(scope)
    return REGISTRY if project == REGISTRY_AREA else Target(project)


def _kind(text: str) -> SubjectKind:
    try:
        return SubjectKind(text)
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in SubjectKind)
        raise Fault(
            Code.REQUEST_INVALID, f"{text[:20]!a} is no kind of subject: use one of {kinds}"
        ) from error


def _id(call: Call) -> int:
    text = call.parts["grant"]
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Fault(
            Code.REQUEST_INVALID, f"{text[:20]!a} is no grant's id: list grants, which shows ids"
        )
    return int(text)


def _project(row: ProjectRow) -> Project:
    return Project(row.name, row.public, [*row.networks], moment(row.created_at), row.created_by)


def _grant(row: GrantRow) -> Grant:
    return Grant(
        id=row.id,
        subject_kind=row.subject_kind,
        subject=row.subject,
        scope=row.scope,
        role=row.role,
        permissions=[*row.permissions],
        created_at=moment(row.created_at),
        created_by=row.created_by,
    )
