"""Quotas of projects: `/quotas`. A quota's number is that of its project."""

from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.oci.errors import Code, Fault
from entrepot.ports.ledgers import KIND_PROJECT, Ledger
from entrepot.ports.listing import By, ProjectsWhere
from entrepot.ports.projects import Project
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Filter, Order
from entrepot.rules.quota import Limit
from entrepot.services.listing.spans import Span

from .answers import done, moment
from .api import Call, Route
from .parts import Parts, owner_of
from .projects import UNLIMITED
from .tables import Table, gathered, part_of

TAG = "Quotas"
STORAGE = "storage"

Resources = dict[str, int]


class QuotaUpdateReq(msgspec.Struct):
    """What a project may hold: `{"hard": {"storage": BYTES}}`, -1 for without limit."""

    hard: Resources | None = None


class QuotaRef(msgspec.Struct):
    """Whose quota it is."""

    id: int
    name: str
    owner_name: str


class Quota(msgspec.Struct):
    """What a project may hold, and holds."""

    creation_time: str
    hard: Resources
    id: int
    ref: QuotaRef
    update_time: str
    used: Resources


Row = tuple[Project, Ledger]

TABLE: Table[Row] = Table(
    {
        "creation_time": lambda row: row[0].created_at,
        "hard.storage": lambda row: _most(row[1]),
        "id": lambda row: row[0].created_at,
        "name": lambda row: row[0].name,
        "update_time": lambda row: row[0].created_at,
        "used.storage": lambda row: row[1].used_bytes,
    },
    (Order("creation_time", descending=True),),
)


_BY = {
    "creation_time": By.CREATED,
    "hard.storage": By.LIMIT,
    "name": By.NAME,
    "update_time": By.CREATED,
    "used.storage": By.USED,
}


def quota_routes(parts: Parts) -> list[Route]:
    """Return what is served of quotas."""
    quotas, projects = parts.content.quotas, parts.content.projects

    async def list_all(call: Call) -> Response:
        reference, number = call.text("reference"), call.text("reference_id")
        if reference not in (None, "", KIND_PROJECT):
            return call.listed([], 0)
        wanted: dict[str, Filter] = {}
        if number:
            name = await parts.numbers.name(KIND_PROJECT, int(number)) if _is(number) else None
            wanted["name"] = Exact(name or "")
        sort = call.text("sort") or "-creation_time"
        order = TABLE.by(sort, _BY)
        if wanted or order is None:
            rows = TABLE.select(await _all(parts), wanted, sort)
            return call.listed(await _shown(parts, part_of(call, rows)), len(rows))
        by, descending = order
        span = Span(call.offset, call.page_size, by, descending)
        usual = await quotas.usual_bytes() if by is By.LIMIT else None
        listed = await parts.content.lists.projects(ProjectsWhere(limit_bytes=usual), span)
        ledgers = await quotas.many(KIND_PROJECT, [one.name for one in listed.rows])
        page = [(one, ledgers[one.name]) for one in listed.rows]
        return call.listed(await _shown(parts, page), listed.total)

    async def get(call: Call) -> Response:
        project = await projects.find(await _named(parts, call))
        row = (project, await quotas.find(KIND_PROJECT, project.name))
        return json_response(200, (await _shown(parts, [row]))[0])

    async def update(call: Call) -> Response:
        wanted = (await call.fields(QuotaUpdateReq)).hard
        project = await projects.find(await _named(parts, call))
        if not wanted:
            raise Fault(Code.REQUEST_INVALID, "hard required in body")
        if set(wanted) != {STORAGE}:
            raise Fault(
                Code.REQUEST_INVALID,
                f"resource {', '.join(sorted(wanted))[:80]} not support: storage is what is "
                "limited here",
            )
        most = wanted[STORAGE]
        if most != UNLIMITED and most <= 0:
            raise Fault(
                Code.REQUEST_INVALID,
                f"{most} is no limit of storage: write -1 for without limit, or bytes",
            )
        limit = Limit(None if most == UNLIMITED else most)
        await quotas.set_limits(KIND_PROJECT, project.name, limit, call.caller)
        return done()

    return [
        Route("GET", "/quotas", list_all, Permission.QUOTA_READ, _LIST),
        Route("GET", "/quotas/{id}", get, Permission.QUOTA_READ, _GET),
        Route("PUT", "/quotas/{id}", update, Permission.QUOTA_MANAGE, _UPDATE),
    ]


async def _named(parts: Parts, call: Call) -> str:
    number = call.id("id")
    name = await parts.numbers.name(KIND_PROJECT, number)
    if name is None:
        raise Fault(Code.NOT_FOUND, f"quota {number} not found")
    return name


async def _all(parts: Parts) -> list[Row]:
    projects: list[Project] = await gathered(parts.content.projects.page, lambda one: one.name)

    async def page(after: str, limit: int) -> list[Ledger]:
        return await parts.content.quotas.page(KIND_PROJECT, after, limit)

    ledgers = {one.name: one for one in await gathered(page, lambda one: one.name)}
    usual = await parts.content.quotas.find(KIND_PROJECT, "none") if projects else None
    found = []
    for one in projects:
        ledger = ledgers.get(one.name)
        if ledger is None:
            most = usual.limit_bytes if usual is not None else None
            ledger = Ledger(0, KIND_PROJECT, one.name, 0, 0, most, None)
        found.append((one, ledger))
    return found


async def _shown(parts: Parts, rows: Sequence[Row]) -> list[Quota]:
    numbers = await parts.projects(project.name for project, _ in rows)
    items = []
    for project, ledger in rows:
        number, at = numbers[project.name], moment(project.created_at)
        ref = QuotaRef(number, project.name, owner_of(project.created_by))
        hard, used = {STORAGE: _most(ledger)}, {STORAGE: ledger.used_bytes}
        items.append(Quota(at, hard, number, ref, at, used))
    return items


def _most(ledger: Ledger) -> int:
    return UNLIMITED if ledger.limit_bytes is None else ledger.limit_bytes


def _is(number: str) -> bool:
    return number.isascii() and number.isdecimal() and len(number) < 18


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_LIST = _about(
    "List quotas",
    gives=list[Quota],
    query=(
        Argument("reference", "Whose: `project`."),
        Argument("reference_id", "The project's number."),
        Argument("sort", "In which order: `-used.storage`."),
        Argument("page", "Which page, from 1.", int),
        Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
    ),
)
_GET = _about("Get a quota", gives=Quota, errors=(404,))
_UPDATE = _about("Update a quota", takes=QuotaUpdateReq, errors=(400, 404))
