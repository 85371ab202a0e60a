"""Labels of the registry and of projects: `/labels`."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.ports.labels import Label
from entrepot.rules.areas import Target
from entrepot.rules.labels import WHITE, LabelText
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Order
from entrepot.services.labels import EVERYWHERE, LabelService
from entrepot.services.numbers import PROJECT, NumberService

from .answers import created, done
from .api import Call, Route
from .artifactshapes import LabelInfo
from .integers import Int64
from .tables import Table, part_of, query_of

TAG = "Labels"
GLOBAL, OF_PROJECT = "g", "p"
NO_COLORS = ("", "false")
"""What clients send that have none: the second is Terraform's default."""

TABLE: Table[Label] = Table(
    {
        "color": lambda one: one.color,
        "creation_time": lambda one: one.created_at,
        "description": lambda one: one.description,
        "id": lambda one: one.id,
        "name": lambda one: one.name,
        "update_time": lambda one: one.changed_at,
    },
    (Order("creation_time", descending=True), Order("id", descending=True)),
    frozenset({"creation_time", "update_time"}),
)


class LabelBody(msgspec.Struct):
    """A label to be made or changed."""

    name: str | None = None
    description: str | None = None
    color: str | None = None
    scope: str | None = None
    project_id: Int64 | None = None


class Labels:
    """Labels by number, and whom they are for."""

    def __init__(self, labels: LabelService, numbers: NumberService) -> None:
        self._labels = labels
        self._numbers = numbers

    async def shown(self, labels: list[Label]) -> list[LabelInfo]:
        """Return labels as Harbor shows them."""
        names = [label.project for label in labels if label.project]
        ids = await self._numbers.of(PROJECT, names) if names else {}
        return [LabelInfo.of(label, ids.get(label.project, 0)) for label in labels]

    async def list_all(self, call: Call) -> Response:
        """List labels of the registry, or of a project."""
        scope = call.text("scope") or ""
        if scope not in (GLOBAL, OF_PROJECT):
            raise Fault(Code.REQUEST_INVALID, f"invalid scope: {scope[:20]}")
        project = EVERYWHERE
        if scope == OF_PROJECT:
            project = await self._project(call.number("project_id", 0))
            await _check_sees(call, project)
        rows = await self._labels.of(project, call.text("name") or "")
        found = TABLE.select(rows, query_of(call), call.text("sort") or "")
        return call.listed(await self.shown([*part_of(call, found)]), len(found))

    async def create(self, call: Call) -> Response:
        """Make a label."""
        given = await call.fields(LabelBody)
        project = EVERYWHERE
        if given.scope == OF_PROJECT:
            project = await self._project(given.project_id or 0)
        elif given.scope != GLOBAL:
            raise Fault(Code.REQUEST_INVALID, f"invalid scope: {(given.scope or '')[:20]}")
        await _check_keeps(call, project)
        color = WHITE if given.color is None else _color(given) or ""
        text = LabelText(given.name or "", given.description or "", color)
        label = await self._labels.create(project, text, call.caller)
        return created(f"/labels/{label.id}")

    async def get(self, call: Call) -> Response:
        """Return a label."""
        label = await self._labels.find(call.id("label"))
        if label.project:
            await _check_sees(call, label.project)
        return json_response(200, (await self.shown([label]))[0])

    async def update(self, call: Call) -> Response:
        """Change a label."""
        given = await call.fields(LabelBody)
        label = await self._labels.find(call.id("label"))
        await _check_keeps(call, label.project)
        await self._labels.change(
            label.id,
            call.caller,
            name=given.name or None,
            description=given.description,
            color=_color(given),
        )
        return done()

    async def remove(self, call: Call) -> Response:
        """Remove a label from wherever it is."""
        label = await self._labels.find(call.id("label"))
        await _check_keeps(call, label.project)
        await self._labels.remove(label.id, call.caller)
        return done()

    async def _project(self, number: int) -> str:
        if number <= 0:
            raise Fault(Code.REQUEST_INVALID, "must with project ID when to query project labels")
        name = await self._numbers.name(PROJECT, number)
        if name is None:
            raise Fault(Code.NOT_FOUND, f"project {number} not found")
        return name


def label_routes(labels: LabelService, numbers: NumberService) -> list[Route]:
    """Return what is served of labels; `marks` puts them on artifacts."""
    here = Labels(labels, numbers)

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    query = (
        Argument("scope", "`g` for those of the registry, `p` for a project's.", required=True),
        Argument("project_id", "Whose, with the scope `p`.", int),
        Argument("name", "Part of the name."),
    )
    listed = about("List labels", gives=list[LabelInfo], query=query, errors=(400, 403))
    made = about("Create a label", takes=LabelBody, status=201, errors=(400, 403, 404, 409))
    changed = about("Update a label", takes=LabelBody, errors=(400, 403, 404, 409))
    return [
        Route("GET", "/labels", here.list_all, Need.LOGIN, listed),
        Route("POST", "/labels", here.create, Need.LOGIN, made),
        Route(
            "GET", "/labels/{label}", here.get, Need.LOGIN, about("Get a label", gives=LabelInfo)
        ),
        Route("PUT", "/labels/{label}", here.update, Need.LOGIN, changed),
        Route("DELETE", "/labels/{label}", here.remove, Need.LOGIN, about("Delete a label")),
    ]


async def _check_sees(call: Call, project: str) -> None:
    """Raise unless the project's labels are for the caller: those of a public one are."""
    if not (await call.access.facts(call.identity, project)).public:
        await call.require(Permission.PROJECT_READ, Target(project))


async def _check_keeps(call: Call, project: str) -> None:
    """Raise unless the caller keeps the labels of a project, or of the registry."""
    await call.require(Permission.LABEL_MANAGE, Target(project))


def _color(given: LabelBody) -> str | None:
    if given.color is None:
        return None
    return "" if given.color in NO_COLORS else given.color
