"""Labels over HTTP: `/labels`, of projects, and on artifacts."""

import asyncio
from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.labels import Label as LabelRow
from entrepot.ports.labels import Mark
from entrepot.rules.areas import Target
from entrepot.rules.labels import WHITE, LabelText
from entrepot.rules.permissions import Permission
from entrepot.services.labels import EVERYWHERE, LabelService

from .about import About, Argument, Moment, Nothing, Page
from .api import ROOT, Call, Route, moment, page
from .arguments import number
from .callers import Need

STEP = 100
"""Places looked at between two turns of others."""
STEPS_MAX = 10
"""Most steps for one page: places that are not for the caller fill none, but take time."""

_Text = Annotated[str, msgspec.Meta(max_length=1024)]


class NewLabel(msgspec.Struct, forbid_unknown_fields=True):
    """A label to be made; `color` is `#RRGGBB`."""

    name: _Text
    description: _Text = ""
    color: _Text = WHITE


class LabelChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a label; what is left out stays."""

    name: _Text | None = None
    description: _Text | None = None
    color: _Text | None = None


class Label(msgspec.Struct):
    """A label that people put on artifacts; `project` is empty for one of the whole registry."""

    id: int
    project: str
    name: str
    description: str
    color: str
    created_at: Moment
    changed_at: Moment


class LabelPlace(msgspec.Struct):
    """An artifact that a label is on."""

    repository: str
    digest: str


def label_routes(labels: LabelService) -> list[Route]:
    """Return what is served of labels: of the whole registry, of projects, and on artifacts."""

    async def list_all(call: Call) -> Response:
        found = await labels.of(_project(call), call.text("name") or "")
        return page([_shown(label) for label in found], None)  # there are few of each project

    async def make(call: Call) -> Response:
        new = await call.body(NewLabel)
        text = LabelText(new.name, new.description, new.color)
        made = await labels.create(_project(call), text, call.caller)
        response = json_response(201, _shown(made))
        response.set("Location", f"{ROOT}/labels/{made.id}" if not made.project else _at(made))
        return response

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await labels.find(_id(call), _project(call))))

    async def change(call: Call) -> Response:
        body = await call.body(LabelChange)
        label = await labels.find(_id(call), _project(call))
        changed = await labels.change(
            label.id,
            call.caller,
            name=body.name,
            description=body.description,
            color=body.color,
        )
        return json_response(200, _shown(changed))

    async def remove(call: Call) -> Response:
        label = await labels.find(_id(call), _project(call))
        await labels.remove(label.id, call.caller)
        return Response(204)

    manage = Permission.LABEL_MANAGE
    found = [_place_routes(labels), _mark_routes(labels)]
    for path, reads, told in ((_ALL, Need.LOGIN, _TOLD), (_OF_PROJECT, _READ, _TOLD_OF_PROJECT)):
        found.append(
            [
                Route("GET", path, list_all, reads, told=told[0]),
                Route("POST", path, make, manage, told=told[1]),
                Route("GET", f"{path}/{{label}}", get, reads, told=told[2]),
                Route("PATCH", f"{path}/{{label}}", change, manage, told=told[3]),
                Route("DELETE", f"{path}/{{label}}", remove, manage, told=told[4]),
            ]
        )
    return [route for some in found for route in some]


def _place_routes(labels: LabelService) -> list[Route]:
    async def places(call: Call) -> Response:
        label = await labels.find(_id(call), _project(call))
        limit, after = call.limit(), _place(call.text("after"))
        found: list[LabelPlace] = []
        for _ in range(STEPS_MAX):
            marks = await labels.artifacts(label.id, after, STEP)
            for mark in marks:
                if len(found) == limit:
                    return page(found, _cursor(after))
                after = mark
                if await call.may(Permission.PULL, Target.of(mark.repository)):
                    found.append(LabelPlace(mark.repository.wire, mark.digest))
            if len(marks) < STEP:
                return page(found, None)
            # Others are served between the steps.
            await asyncio.sleep(0)
        return page(found, _cursor(after))

    return [
        Route("GET", f"{_ALL}/{{label}}/artifacts", places, Need.LOGIN, told=_PLACES),
        Route("GET", f"{_OF_PROJECT}/{{label}}/artifacts", places, _READ, told=_PLACES_OF_PROJECT),
    ]


def _mark_routes(labels: LabelService) -> list[Route]:
    async def listed(call: Call) -> Response:
        mark = _mark(call)
        found = await labels.marks(mark.repository, [mark.digest])
        return page([_shown(label) for label in found.get(mark.digest, [])], None)

    async def put(call: Call) -> Response:
        await call.body(Nothing)
        await labels.mark(_id(call), _mark(call), call.caller)
        return Response(204)

    async def take(call: Call) -> Response:
        if not await labels.unmark(_id(call), _mark(call), call.caller):
            raise Fault(Code.NOT_FOUND, "the artifact does not have this label: list those it has")
        return Response(204)

    return [
        Route("GET", _ARTIFACT, listed, Permission.PULL, told=_MARKS),
        Route("PUT", f"{_ARTIFACT}/{{label}}", put, Permission.LABEL_MARK, told=_MARK),
        Route("DELETE", f"{_ARTIFACT}/{{label}}", take, Permission.LABEL_MARK, told=_UNMARK),
    ]


def _mark(call: Call) -> Mark:
    return Mark(call.repository, Digest.parse(call.parts["digest"]))


def _id(call: Call) -> int:
    return number(call.parts["label"], "label", 0, (1, None))


def _place(text: str | None) -> Mark | None:
    if not text:
        return None
    name, _, digest = text.rpartition("@")
    return Mark(RepositoryName.parse(name), Digest.parse(digest))


def _cursor(mark: Mark | None) -> str | None:
    return f"{mark.repository}@{mark.digest}" if mark is not None else None


def _shown(label: LabelRow) -> Label:
    return Label(
        label.id,
        label.project,
        label.name,
        label.description,
        label.color,
        moment(label.created_at),
        moment(label.changed_at),
    )


def _project(call: Call) -> str:
    return call.parts.get("project", EVERYWHERE)


def _at(label: LabelRow) -> str:
    return f"{ROOT}/projects/{label.project}/labels/{label.id}"


def _told(of: str) -> tuple[About, About, About, About, About]:
    """Return what is told of listing, making, getting, changing and removing labels."""
    name = Argument("name", "Only those with this in their names; case does not matter.")
    return (
        About(f"List labels{of}", gives=Page[Label], query=(name,), tag=_TAG),
        About(
            f"Make a label{of}",
            takes=NewLabel,
            gives=Label,
            status=201,
            errors=(404, 409),
            tag=_TAG,
        ),
        About(f"Get a label{of}", gives=Label, errors=(404,), tag=_TAG),
        About(f"Change a label{of}", takes=LabelChange, gives=Label, errors=(404, 409), tag=_TAG),
        About(
            f"Remove a label{of}",
            status=204,
            errors=(404,),
            tag=_TAG,
            text="It goes from all artifacts, in steps: cut off in between, ask again.",
        ),
    )


def _told_of_places(of: str) -> About:
    return About(
        f"List artifacts with a label{of}",
        gives=Page[LabelPlace],
        pages="after",
        errors=(404,),
        tag=_TAG,
        text="Those that the caller may pull. A page may have few entries and go on all the same.",
    )


_ALL = "/labels"
_OF_PROJECT = "/projects/{project}/labels"
_READ = Permission.PROJECT_READ
_ARTIFACT = "/repositories/{repository}/artifacts/{digest}/labels"
_TAG = "labels"
_TOLD = _told("")
_TOLD_OF_PROJECT = _told(" of a project")
_PLACES = _told_of_places("")
_PLACES_OF_PROJECT = _told_of_places(" of a project")
_MARKS = About("List labels on an artifact", gives=Page[Label], tag=_TAG)
_MARK = About("Put a label on an artifact", takes=Nothing, status=204, errors=(404,), tag=_TAG)
_UNMARK = About("Take a label from an artifact", status=204, errors=(404,), tag=_TAG)
