"""What is found by a word, and how much there is: `/search`, `/statistics`."""

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.listing import By, Named, ProjectsWhere, RepositoriesWhere
from entrepot.rules.permissions import Permission
from entrepot.services.listing.spans import Span

from .api import Call, Route
from .metadata import MetadataKeeper
from .parts import Parts
from .projectlists import names_of
from .shownprojects import ProjectInfo, Shown

FOUND_MAX = 100
"""Most projects, and most repositories, that one search shows."""


class SearchRepository(msgspec.Struct):
    """A repository that was found."""

    artifact_count: int
    project_id: int
    project_name: str
    project_public: bool
    pull_count: int
    repository_name: str


class Search(msgspec.Struct):
    """What was found."""

    project: list[ProjectInfo]
    repository: list[SearchRepository]


class Statistic(msgspec.Struct):
    """How much there is; totals are told to those who may see all."""

    private_project_count: int
    private_repo_count: int
    public_project_count: int
    public_repo_count: int
    total_project_count: int
    total_repo_count: int
    total_storage_consumption: int


def searching_routes(parts: Parts) -> list[Route]:
    """Return what is served of searches and figures."""
    shown = Shown(parts, MetadataKeeper(parts.content.policies))
    lists = parts.content.lists

    async def search(call: Call) -> Response:
        word = (call.text("q") or "").lower()
        names, span = await names_of(call), Span(0, FOUND_MAX, By.NAME)
        found = await lists.projects(ProjectsWhere(Named(part=word), names=names), span)
        # Public projects are for all, whoever is named.
        seen = None if names is None else await lists.project_names(ProjectsWhere(names=names))
        listed = await lists.repositories(RepositoriesWhere(seen, Named(part=word)), span)
        figures = await lists.figures(one.name for one in listed.rows)
        holders = [*dict.fromkeys(one.name.project for one in listed.rows)]
        by_name = await lists.named_projects(holders)
        numbers = await parts.projects(holders)
        repositories = [
            SearchRepository(
                figures[one.name].artifacts,
                numbers[one.name.project],
                one.name.project,
                by_name[one.name.project].public,
                figures[one.name].pulls,
                one.name,
            )
            for one in listed.rows
            if one.name.project in by_name
        ]
        return json_response(
            200, Search(await shown.many(call, found.rows, detailed=True), repositories)
        )

    async def statistics(call: Call) -> Response:
        names = await names_of(call)
        public = await lists.project_names(ProjectsWhere(public=True, names=names))
        private = await lists.project_names(ProjectsWhere(public=False, names=names))
        public_count, private_count = await _count(parts, public), await _count(parts, private)
        sees_all = await call.may(Permission.PROJECT_READ) and await call.may(Permission.QUOTA_READ)
        return json_response(
            200,
            Statistic(
                private_project_count=len(private),
                private_repo_count=private_count,
                public_project_count=len(public),
                public_repo_count=public_count,
                total_project_count=len(public) + len(private) if sees_all else 0,
                total_repo_count=public_count + private_count if sees_all else 0,
                # What lies in several projects counts in each.
                total_storage_consumption=await lists.used_bytes(KIND_PROJECT) if sees_all else 0,
            ),
        )

    return [
        Route("GET", "/search", search, Need.ANYONE, _SEARCH),
        Route("GET", "/statistics", statistics, Need.LOGIN, _STATISTICS),
    ]


async def _count(parts: Parts, projects: frozenset[str]) -> int:
    if not projects:
        return 0
    where = RepositoriesWhere(projects)
    return (await parts.content.lists.repositories(where, Span(0, 1))).total


_SEARCH = About(
    "Search projects and repositories",
    gives=Search,
    query=(Argument("q", "A part of the name.", str, required=True),),
    tag="Search",
)
_STATISTICS = About("Get how much there is", gives=Statistic, tag="Statistics")
