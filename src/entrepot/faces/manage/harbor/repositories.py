"""Repositories: listed, shown, described and deleted."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.faces.manage.jobs import Desk, Wish
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.listing import By, Named, ProjectsWhere, RepositoriesWhere, RepositoryItem
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.services.bulk import REPOSITORY_DELETE
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Span
from entrepot.services.numbers import PROJECT, NumberService
from entrepot.services.pages import PageService
from entrepot.services.projects import ProjectService
from entrepot.services.removal import RemovalService

from .answers import done, moment
from .api import Call, Route
from .executions import start
from .listings import named, span_of
from .tables import query_of

TAG = "Repositories"
SORTS = {
    "creation_time": By.CREATED,
    "name": By.NAME,
    "repository_id": By.CREATED,
    "update_time": By.UPDATED,
}
WAIT_SECONDS = 30.0
"""How long a deletion by a job is waited for."""
LOOK_SECONDS = 0.1
PROJECTS_MAX = 20_000
"""Projects that are looked through for those whose repositories somebody may see."""


class Repository(msgspec.Struct):
    """A repository."""

    id: int
    project_id: int
    name: str
    artifact_count: int
    pull_count: int
    creation_time: str
    update_time: str
    description: str | UnsetType = UNSET


class RepositoryBody(msgspec.Struct):
    """What can be changed of a repository."""

    description: str | None = None


class Repositories:
    """Answers about repositories."""

    def __init__(
        self,
        listing: ListingService,
        pages: PageService,
        *,
        projects: ProjectService,
        numbers: NumberService,
        removal: RemovalService,
        desk: Desk,
    ) -> None:
        self._listing = listing
        self._pages = pages
        self._projects = projects
        self._numbers = numbers
        self._removal = removal
        self._desk = desk

    async def of_project(self, call: Call) -> Response:
        """List the repositories of a project."""
        project = await self._projects.find(call.parts["project"])
        if not project.public:
            await call.require(Permission.REPOSITORY_LIST, Target(project.name))
        return await self._listed(call, frozenset({project.name}))

    async def list_all(self, call: Call) -> Response:
        """List all repositories that are for the caller."""
        if await call.may(Permission.CATALOG):
            return await self._listed(call, None)
        return await self._listed(call, await self._visible(call))

    async def get(self, call: Call) -> Response:
        """Return a repository."""
        return json_response(200, (await self._shown([await self._found(call)]))[0])

    async def update(self, call: Call) -> Response:
        """Write the description."""
        given = await call.fields(RepositoryBody)
        item = await self._found(call)
        description = given.description or ""
        await self._pages.change(item.name, call.caller, description=description)
        return done()

    async def remove(self, call: Call) -> Response:
        """Delete a repository: 200 once it is gone, 202 if it takes longer than clients wait."""
        item = await self._found(call)
        if await self._removal.empty(item.name, call.caller):
            return done()
        name = item.name
        wish = Wish(REPOSITORY_DELETE, f"{REPOSITORY_DELETE}:{name}", name, {"repository": name})
        job_id = await start(self._desk, call, wish)
        jobs, clock = self._desk.jobs, self._desk.clock
        until = clock.now() + WAIT_SECONDS
        while (job := await jobs.find(job_id)).ended_at is None:
            if clock.now() >= until:
                return Response(202)
            await clock.sleep(LOOK_SECONDS)
        if await self._item(name) is not None:
            raise Fault(
                Code.PRECONDITION,
                f"not all of {name} could be deleted: {job.error or 'some of it is immutable'} "
                f"(job {job_id})",
            )
        return done()

    async def _listed(self, call: Call, projects: frozenset[str] | None) -> Response:
        where = RepositoriesWhere(projects, named(query_of(call).get("name")))
        found = await self._listing.repositories(where, span_of(call, SORTS, By.CREATED))
        return call.listed(await self._shown(found.rows), found.total)

    async def _found(self, call: Call) -> RepositoryItem:
        """Return the path's repository, or raise `Fault(NAME_UNKNOWN)`."""
        item = await self._item(call.repository)
        if item is None:
            raise Fault(Code.NAME_UNKNOWN, f"repository {call.repository} not found")
        return item

    async def _item(self, name: RepositoryName) -> RepositoryItem | None:
        where = RepositoriesWhere(frozenset({name.project}), Named(exact=name))
        rows = (await self._listing.repositories(where, Span(0, 1))).rows
        return rows[0] if rows else None

    async def _shown(self, items: Sequence[RepositoryItem]) -> list[Repository]:
        names = [item.name for item in items]
        figures = await self._listing.figures(names)
        described = await self._pages.descriptions(names)
        ids = await self._numbers.of(PROJECT, [name.project for name in names])
        return [
            Repository(
                id=item.id,
                project_id=ids[item.name.project],
                name=item.name,
                artifact_count=figures[item.name].artifacts,
                pull_count=figures[item.name].pulls,
                creation_time=moment(item.created_at),
                update_time=moment(item.updated_at),
                description=described.get(item.name) or UNSET,
            )
            for item in items
        ]

    async def _visible(self, call: Call) -> frozenset[str]:
        """Return the projects whose repositories the caller may list."""
        names = await call.places(Permission.REPOSITORY_LIST)
        return await self._listing.project_names(ProjectsWhere(names=names))


def repository_routes(here: Repositories) -> list[Route]:
    """Return what is served of repositories."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    query = (
        Argument("q", "What is looked for: `name=~api`."),
        Argument("sort", "In which order: `name,-creation_time`."),
        Argument("page", "Which page, from 1.", int),
        Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
    )
    each = list[Repository]
    listed = about("List repositories", gives=each, query=query, errors=(404,))
    everything = about("List all repositories", gives=each, query=query)
    got = about("Get a repository", gives=Repository, errors=(404,))
    changed = about("Update a repository", takes=RepositoryBody, errors=(404,))
    removed = about("Delete a repository", errors=(404, 412))
    base = "/projects/{project}/repositories"
    one = f"{base}/{{repository}}"
    return [
        Route("GET", "/repositories", here.list_all, Need.ANYONE, everything),
        Route("GET", base, here.of_project, Need.ANYONE, listed),
        Route("GET", one, here.get, Permission.PULL, got),
        Route("PUT", one, here.update, Permission.DESCRIBE, changed),
        Route("DELETE", one, here.remove, Permission.DELETE, removed),
    ]
