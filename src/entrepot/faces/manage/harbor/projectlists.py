"""Lists of projects: filtered, sorted and cut, of what is for the caller."""

from collections.abc import Mapping, Sequence

from entrepot.ports.listing import ANY, By, ProjectsWhere
from entrepot.ports.projects import Project
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Filter, Fuzzy, Order
from entrepot.services.accounts import ADMIN
from entrepot.services.listing.spans import Span

from .api import Call
from .parts import Parts, owner_of
from .tables import Table, gathered, named, part_of

TABLE: Table[Project] = Table(
    {
        "creation_time": lambda one: one.created_at,
        "name": lambda one: one.name,
        "owner": lambda one: owner_of(one.created_by),
        "owner_name": lambda one: owner_of(one.created_by),
        "public": lambda one: one.public,
        "update_time": lambda one: one.created_at,
    },
    (Order("name"),),
    frozenset({"creation_time", "update_time"}),
)
_BY = {"name": By.NAME, "creation_time": By.CREATED, "update_time": By.CREATED}


async def page_of(
    parts: Parts, call: Call, wanted: Mapping[str, Filter], sort: str
) -> tuple[Sequence[Project], int]:
    """Return the page of the projects that are asked for and visible, and how many there are."""
    names = await names_of(call)
    order = TABLE.by(sort, _BY)
    where = _where(wanted, names)
    if where is None or order is None:
        # What the catalog has no words for is looked for in all of them.
        rows = TABLE.select(await visible(parts, call), wanted, sort)
        return part_of(call, rows), len(rows)
    by, descending = order
    span = Span(call.offset, call.page_size, by, descending)
    listed = await parts.content.lists.projects(where, span)
    return listed.rows, listed.total


async def visible(parts: Parts, call: Call) -> list[Project]:
    """Return all projects that are for the caller, by name."""
    rows: list[Project] = await gathered(parts.content.projects.page, lambda one: one.name)
    names = await names_of(call)
    return rows if names is None else [row for row in rows if row.public or row.name in names]


async def may_see(call: Call, project: Project) -> bool:
    """Whether a project is for the caller."""
    return project.public or await call.may(Permission.PROJECT_READ, Target(project.name))


async def seen(parts: Parts, call: Call) -> Project:
    """Return the path's project; UNAUTHORIZED or DENIED for whom it is not for, or NOT_FOUND."""
    name = call.parts["project"]
    if not (await call.access.facts(call.identity, name)).public:
        await call.require(Permission.PROJECT_READ, Target(name))
    return await parts.content.projects.find(name)


async def names_of(call: Call) -> frozenset[str] | None:
    """Return the projects that are for the caller beside the public ones; None for all."""
    return await call.places(Permission.PROJECT_READ)


def _where(wanted: Mapping[str, Filter], names: frozenset[str] | None) -> ProjectsWhere | None:
    """Return the filter; None for one that the catalog has no words for."""
    name, public, owner = ANY, None, ""
    for key, one in wanted.items():
        if key not in TABLE.fields:
            continue
        if key == "name" and isinstance(one, Exact | Fuzzy):
            name = named(one)
        elif key == "public" and isinstance(one, Exact) and one.value in ("true", "false"):
            public = one.value == "true"
        elif key in ("owner", "owner_name") and isinstance(one, Exact) and one.value != ADMIN:
            owner = one.value
        else:
            return None
    return ProjectsWhere(name, public, owner, names)
