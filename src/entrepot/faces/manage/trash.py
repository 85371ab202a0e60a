"""The trash over HTTP, and deleting repositories and projects."""

from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.trash import TrashEntry
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.services.authority import Acting
from entrepot.services.bulk import PROJECT_DELETE, REPOSITORY_DELETE, TRASH_PURGE, TRASH_RESTORE
from entrepot.services.history import HistoryService
from entrepot.services.projects import ProjectService
from entrepot.services.purging import PurgeService
from entrepot.services.trash import TrashService

from .about import About, Also, Argument, Cursor, Moment, Page, Size
from .api import Call, Route, moment, page
from .callers import Need
from .jobs import Desk, JobView, Wish
from .trashgate import TrashGate

IDS_MAX = 256
"""Most entries that one request restores or purges; more go by their batch, in a job."""

_Ids = Annotated[list[int], msgspec.Meta(min_length=1, max_length=IDS_MAX)]
_Batch = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class RestoreBody(msgspec.Struct, forbid_unknown_fields=True):
    """What comes back: entries, or all of one operation."""

    ids: _Ids | None = None
    batch: _Batch | None = None


class PurgeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What goes for good: entries, all of one operation, or all whose time has come."""

    ids: _Ids | None = None
    batch: _Batch | None = None
    all_due: bool = False


class TrashView(msgspec.Struct, kw_only=True):
    """A manifest in the trash, and the tags that it had."""

    id: int
    kind: str
    repository: str
    digest: str
    tags: list[str]
    media_type: str
    size: Size
    batch: str
    reason: str
    pushed_at: Moment
    pushed_by: str
    deleted_at: Moment
    deleted_by: str
    client: str
    purge_at: Moment


class Restored(msgspec.Struct):
    """What a restore came to: manifests as `name@digest`, tags as `name:tag`."""

    restored: tuple[str, ...]
    there: tuple[str, ...]
    """Manifests that the repository had again already."""
    tags: tuple[str, ...]
    kept: tuple[str, ...]
    """Tags that were taken meanwhile: they stay where they are."""
    refused: tuple[str, ...]
    """What could not be given back, with the reason."""


class Purged(msgspec.Struct):
    """How many entries went for good, and how many manifests went to the trash in turn."""

    purged: int
    left_behind: int


def trash_routes(trash: TrashService, purging: PurgeService, desk: Desk) -> list[Route]:
    """Return what is served of the trash."""
    gate = TrashGate(trash, desk.jobs)

    async def list_all(call: Call) -> Response:
        limit, text = call.limit(), call.text("repository")
        name = RepositoryName.parse(text) if text else None
        project = call.text("project") or None
        where = Target(project or "") if name is None else Target.of(name)
        await call.require(Permission.TRASH_READ, where)
        found = await trash.page(
            name=name,
            project=project,
            batch=call.text("batch") or None,
            after=call.number("after", 0) if call.text("after") else 0,
            limit=limit,
        )
        items = [_shown(entry) for entry in found]
        return page(items, found[-1].id if len(found) == limit else None)

    async def restore(call: Call) -> Response:
        body = await call.body(RestoreBody)
        _one_of("name ids, or a batch", body.ids is not None, body.batch is not None)
        if body.ids is not None:
            await gate.entries(call, Permission.TRASH_RESTORE, body.ids)
            report = await trash.restore(body.ids, call.caller)
            return json_response(200, msgspec.convert(report, Restored, from_attributes=True))
        batch = body.batch or ""
        await gate.batch(call, Permission.TRASH_RESTORE, batch)
        wish = Wish(TRASH_RESTORE, _mutex(batch), f"restore:{batch}", {"batch": batch})
        return await desk.start(call, wish)

    async def purge(call: Call) -> Response:
        body = await call.body(PurgeBody)
        given = (body.ids is not None, body.batch is not None, body.all_due)
        _one_of("name ids, a batch, or all_due", *given)
        desk.check_deletes()
        if body.ids is not None:
            await gate.entries(call, Permission.TRASH_PURGE, body.ids)
            done = await purging.purge(body.ids, call.caller)
            return json_response(200, Purged(done.purged, done.left_behind))
        if body.batch is None:
            await call.require(Permission.TRASH_PURGE)
            return await desk.start(call, Wish(TRASH_PURGE, TRASH_PURGE, "due"))
        batch = body.batch
        await gate.batch(call, Permission.TRASH_PURGE, batch)
        wish = Wish(TRASH_PURGE, _mutex(batch), f"purge:{batch}", {"batch": batch})
        return await desk.start(call, wish)

    return [
        Route("GET", "/trash", list_all, Need.LOGIN, told=_LIST),
        Route("POST", "/trash/restore", restore, Need.LOGIN, told=_RESTORE),
        Route("POST", "/trash/purge", purge, Need.LOGIN, told=_PURGE),
    ]


def removal_routes(
    history: HistoryService, desk: Desk, projects: ProjectService | None = None
) -> list[Route]:
    """Return what deletes repositories and projects, into the trash.

    With `projects`, one in which nothing lies any more is removed itself.
    """

    async def repository(call: Call) -> Response:
        name = call.repository
        desk.check_deletes()
        # Raises for one that never was.
        await history.moves(name, None, "", 1)
        wish = Wish(REPOSITORY_DELETE, f"{REPOSITORY_DELETE}:{name}", name, {"repository": name})
        return await desk.start(call, wish)

    async def project(call: Call) -> Response:
        desk.check_deletes()
        name = call.parts["project"]
        if projects is not None and await projects.is_empty(name):
            await projects.remove(name, Acting(call.identity, call.caller))
            return Response(204)
        if not (await history.repositories(name, "", 1)).items:
            raise Fault(
                Code.NAME_UNKNOWN,
                f"project {name[:64]} has no repositories: check the name",
                {"project": name[:64]},
            )
        wish = Wish(PROJECT_DELETE, f"{PROJECT_DELETE}:{name}", name, {"project": name})
        return await desk.start(call, wish)

    return [
        Route("DELETE", _REPOSITORY, repository, Permission.DELETE, told=_DELETE_REPOSITORY),
        Route("DELETE", _PROJECT, project, Permission.PROJECT_DELETE, told=_DELETE_PROJECT),
    ]


_REPOSITORY = "/repositories/{repository}"
_PROJECT = "/projects/{project}"
_JOB = Also(202, "A job was enqueued that does it.", JobView)
_LIST = About(
    "List the trash",
    gives=Page[TrashView],
    query=(
        Argument("repository", "Only of this repository."),
        Argument("project", "Only of this project."),
        Argument("batch", "Only what one operation deleted."),
    ),
    pages="after",
    cursor=Cursor,
    tag="trash",
)
_RESTORE = About(
    "Restore from the trash",
    takes=RestoreBody,
    gives=Restored,
    also=(_JOB,),
    errors=(404, 409),
    tag="trash",
    name="restore",
)
_PURGE = About(
    "Purge from the trash",
    takes=PurgeBody,
    gives=Purged,
    also=(_JOB,),
    errors=(404, 405, 409),
    tag="trash",
    name="purge",
)
_DELETE_REPOSITORY = About(
    "Delete a repository", gives=JobView, status=202, errors=(404, 405, 409), tag="repositories"
)
_DELETE_PROJECT = About(
    "Delete a project",
    gives=JobView,
    status=202,
    also=(Also(204, "Nothing lay in it, and it is gone."),),
    errors=(404, 405, 409),
    tag="projects",
)


def _one_of(cure: str, *given: bool) -> None:
    if sum(given) != 1:
        raise Fault(Code.REQUEST_INVALID, f"it is not said what is meant: {cure}, and only one")


def _mutex(batch: str) -> str:
    return f"trash:{batch}"


def _shown(entry: TrashEntry) -> TrashView:
    return TrashView(
        id=entry.id,
        kind=entry.kind,
        repository=entry.repository.wire,
        digest=entry.digest,
        tags=[*entry.tags],
        media_type=entry.media_type,
        size=entry.size,
        batch=entry.batch,
        reason=entry.reason,
        pushed_at=moment(entry.pushed_at),
        pushed_by=entry.pushed_by,
        deleted_at=moment(entry.deleted_at),
        deleted_by=entry.actor,
        client=entry.client,
        purge_at=moment(entry.purge_at),
    )
