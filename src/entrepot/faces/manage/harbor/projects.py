"""Projects: `/projects`, by name or number."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import DEFAULT_PROJECT
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.projects import Project
from entrepot.rules.access import Kind
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Fuzzy
from entrepot.rules.quota import SIZE_MAX, Limit
from entrepot.services.authority import Acting

from .answers import NotHere, Unprocessable, created, done
from .api import Call, Route
from .members import count_roles
from .metadata import PUBLIC, MetadataKeeper, cves_of
from .parts import Parts
from .projectlists import may_see, page_of, seen
from .projectshapes import Hard, ProjectDeletable, ProjectQuota, ProjectReq, ProjectSummary
from .shownprojects import ProjectInfo, Shown
from .tables import empty, query_of

TAG = "Projects"
HAS_REPOSITORIES = "the project contains repositories, can not be deleted"
TRASH_MAX = 10_000
"""Entries of the trash that go with a project at once; with more of them they are purged first."""
TRASH_PAGE = 100
UNLIMITED = -1


class _Projects:
    """Answers about projects."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._projects = parts.content.projects
        self._keeper = MetadataKeeper(parts.content.policies)
        self._shown = Shown(parts, self._keeper)

    async def list_all(self, call: Call) -> Response:
        wanted = query_of(call)
        if name := call.text("name"):
            wanted["name"] = Fuzzy(name)
        if owner := call.text("owner"):
            wanted["owner"] = Exact(owner)
        if call.text("public"):
            wanted["public"] = Exact("true" if call.asks("public") else "false")
        if call.identity.kind is Kind.ANONYMOUS:
            if wanted.get("public") == Exact("false"):
                return empty(call)
            wanted["public"] = Exact("true")
        rows, total = await page_of(self._parts, call, wanted, call.text("sort") or "")
        detailed = call.asks("with_detail", default=True)
        return call.listed(await self._shown.many(call, rows, detailed=detailed), total)

    async def head(self, call: Call) -> Response:
        name = call.text("project_name")
        if not name:
            raise Unprocessable("project_name in query is required")
        found = await self._projects.find(name[:256])
        if not await may_see(call, found) and not await call.may(Permission.PROJECT_CREATE):
            raise Fault(Code.NOT_FOUND, f"project {name[:80]} not found")
        return Response(200)

    async def create(self, call: Call) -> Response:
        new = await call.fields(ProjectReq)
        if not new.project_name:
            raise Unprocessable("project_name in body is required")
        if new.registry_id:
            raise NotHere("make projects that are proxy caches")
        if new.metadata is not None and new.metadata.retention_id:
            raise Fault(
                Code.REQUEST_INVALID, "retention_id is made with the retention policy: leave it out"
            )
        limit = _limit(new.storage_limit)
        values = new.values()
        public = values.pop(PUBLIC, "false") == "true"
        made = await self._projects.create(new.project_name, call.acting, public=public)
        if limit is not None and await call.may(Permission.QUOTA_MANAGE):
            quotas = self._parts.content.quotas
            await quotas.set_limits(KIND_PROJECT, made.name, limit, call.caller)
        if values:
            before = await self._keeper.of(made.name)
            await self._keeper.put(made.name, replace(before, values=values), call.caller)
        number = (await self._parts.projects([made.name]))[made.name]
        return created(f"/projects/{made.name if call.names_in_location else number}")

    async def get(self, call: Call) -> Response:
        project = await seen(self._parts, call)
        return json_response(200, (await self._shown.many(call, [project], detailed=True))[0])

    async def update(self, call: Call) -> Response:
        wanted = await call.fields(ProjectReq)
        before = await self._projects.find(call.parts["project"])
        await _check_retention(self._shown, before, wanted)
        values = wanted.values()
        public = values.pop(PUBLIC, None)
        if public is not None:
            before = await self._projects.change(before.name, call.acting, public=public == "true")
        kept = await self._keeper.of(before.name)
        after = replace(kept, values={**kept.values, **values})
        given = wanted.cve_allowlist
        if given is not None:
            cves = cves_of([one.cve_id for one in given.items or ()])
            after = replace(after, cves=cves, cves_until=given.expires_at or None)
        if after != kept:
            await call.require(Permission.POLICY_MANAGE, call.target)
            await self._keeper.put(before.name, after, call.caller)
        return done()

    async def deletable(self, call: Call) -> Response:
        project = await self._projects.find(call.parts["project"])
        there = await _repositories(self._parts, project.name)
        found = ProjectDeletable(not there, HAS_REPOSITORIES if there else "")
        return json_response(200, found)

    async def remove(self, call: Call) -> Response:
        await self._projects.find(call.parts["project"])
        await remove_project(self._parts, call)
        await self._keeper.forget(call.parts["project"], call.caller)
        return done()

    async def summary(self, call: Call) -> Response:
        project = await seen(self._parts, call)
        found = ProjectSummary(await _repositories(self._parts, project.name))
        if await call.may(Permission.QUOTA_READ, call.target):
            ledger = await self._parts.content.quotas.find(KIND_PROJECT, project.name)
            most = UNLIMITED if ledger.limit_bytes is None else ledger.limit_bytes
            found.quota = ProjectQuota(Hard(most), Hard(ledger.used_bytes))
        if await call.may(Permission.GRANT_READ, call.target):
            counts = await count_roles(self._parts, project.name)
            found.project_admin_count, found.developer_count = counts[1], counts[2]
            found.guest_count, found.maintainer_count = counts[3], counts[4]
            found.limited_guest_count = counts[5]
        return json_response(200, found)


def project_routes(parts: Parts) -> list[Route]:
    """Return what is served of projects themselves."""
    here = _Projects(parts)
    one = "/projects/{project_id}"
    return [
        Route("GET", "/projects", here.list_all, Need.ANYONE, _LIST),
        Route("HEAD", "/projects", here.head, Need.LOGIN, _about("Check a project's name")),
        Route("POST", "/projects", here.create, Permission.PROJECT_CREATE, _CREATE),
        Route("GET", one, here.get, Need.ANYONE, _about("Get a project", gives=ProjectInfo)),
        Route("PUT", one, here.update, Permission.PROJECT_UPDATE, _UPDATE),
        Route("DELETE", one, here.remove, Permission.PROJECT_DELETE, _REMOVE),
        Route("GET", f"{one}/_deletable", here.deletable, Permission.PROJECT_DELETE, _DELETABLE),
        Route("GET", f"{one}/summary", here.summary, Need.ANYONE, _SUMMARY),
    ]


def _limit(given: int | None) -> Limit | None:
    """Return the limit that is asked for; None for the usual one, `Fault(REQUEST_INVALID)`."""
    if not given:
        return None
    if given != UNLIMITED and not 0 < given <= SIZE_MAX:
        raise Fault(
            Code.REQUEST_INVALID,
            f"{given} is no limit of storage: write -1 for without limit, or bytes",
        )
    return Limit(None if given == UNLIMITED else given)


async def remove_project(parts: Parts, call: Call) -> None:
    """Delete a project without repositories, with what is left of it in the trash."""
    name = call.parts["project"]
    if not call.access.serves(Permission.DELETE):
        raise Fault(
            Code.UNSUPPORTED, "deleting is switched off, or the registry is read-only for now"
        )
    if await _repositories(parts, name):
        raise Fault(Code.PRECONDITION, HAS_REPOSITORIES)
    if name == DEFAULT_PROJECT:
        raise Fault(Code.DENIED, f"{name} holds the names without a project: it stays")
    if await _trash_left(parts, name):
        # Who deletes the project means it: nothing could be restored into it any more.
        await call.require(Permission.TRASH_PURGE, Target(name))
        await parts.content.purging.purge_project(name, call.caller)
    await parts.content.projects.remove(name, Acting(call.identity, call.caller))


async def _trash_left(parts: Parts, name: str) -> int:
    """Return how many entries there are; `Fault(PRECONDITION)` for too many to go at once."""
    count, after = 0, 0
    while page := await parts.content.trash.page(project=name, after=after, limit=TRASH_PAGE):
        count, after = count + len(page), page[-1].id
        if count > TRASH_MAX:
            raise Fault(
                Code.PRECONDITION,
                f"more than {TRASH_MAX} things that were deleted of project {name} are still in "
                "the trash: purge them first",
            )
    return count


async def _repositories(parts: Parts, name: str) -> int:
    return (await parts.content.projects.repositories([name]))[name]


async def _check_retention(shown: Shown, project: Project, wanted: ProjectReq) -> None:
    given = wanted.metadata.retention_id if wanted.metadata is not None else None
    if given and given != await shown.retention(project.name):
        raise Fault(
            Code.REQUEST_INVALID,
            "the retention_id in the request's payload when updating a project should be omitted, "
            "alternatively passing the one that has already been associated to this project",
        )


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_QUERY: Sequence[Argument] = (
    Argument("q", "What is looked for: `name=~api,public=true`."),
    Argument("sort", "In which order: `name,-creation_time`."),
    Argument("page", "Which page, from 1.", int),
    Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
)
_LIST = _about(
    "List projects",
    gives=list[ProjectInfo],
    query=(
        *_QUERY,
        Argument("name", "A part of the name."),
        Argument("public", "Only public ones, or only others.", bool),
        Argument("owner", "Whose they are."),
        Argument("with_detail", "Also what is kept of them.", bool),
    ),
)
_CREATE = _about("Create a project", takes=ProjectReq, status=201, errors=(400, 409))
_UPDATE = _about("Update a project", takes=ProjectReq, errors=(400, 404))
_REMOVE = _about("Delete a project", errors=(404, 412))
_DELETABLE = _about("Get whether a project can be deleted", gives=ProjectDeletable)
_SUMMARY = _about("Get a project's figures", gives=ProjectSummary)
