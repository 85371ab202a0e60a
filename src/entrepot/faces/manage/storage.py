"""Storage over HTTP: what deleting would free, scrubbing, damages, backups."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import parse_reference
from entrepot.ports.integrity import Damage
from entrepot.rules.permissions import Permission
from entrepot.rules.reachability import Reason
from entrepot.services import backup, migrating, scrub, tiering
from entrepot.services.damages import DamageService
from entrepot.services.gc.freeing import Freeing, FreeingService

from .about import About, Argument, Cursor, Moment, Nothing, Page, Size
from .api import Call, Route, maybe, moment, page
from .jobs import Desk, JobView, Wish


class BackupBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where a backup goes: a directory of the machine that the server runs on."""

    target: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class MigrationBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where all blobs are copied to: the URL of a store, or a directory of the server's machine."""

    to: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    verify: bool = False
    """Whether all of it is read again there."""
    bytes_per_second: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)] | None = None


class TierBody(msgspec.Struct, forbid_unknown_fields=True):
    """A pass over the blobs that nobody pulls."""

    dry_run: bool = False
    """Whether nothing is moved, and the job's log names what would be."""
    back: bool = False
    """Whether all that is in the cold store moves back instead."""


class Freed(msgspec.Struct):
    """A blob that a deletion would free, or not, and why."""

    digest: str
    size: Size
    reason: Reason


class StorageCost(msgspec.Struct):
    """What would be free if something were deleted and purged from the trash."""

    manifests: int
    unique_bytes: Size
    shared_bytes: Size
    trash_bytes: Size
    complete: bool
    """Whether all was counted; otherwise these are the least."""
    largest: list[Freed]


class DamageView(msgspec.Struct):
    """Stored bytes that are not what their digest says."""

    id: int
    digest: str
    generation: int
    message: str
    found_at: Moment
    healed_at: Moment | None


def cost_routes(freeing: FreeingService) -> list[Route]:
    """Return what is served of what things cost in storage."""

    async def cost(call: Call) -> Response:
        repository, project = call.text("repository"), call.text("project")
        reference = call.text("reference")
        if bool(repository) == bool(project) or (project and reference):
            raise Fault(
                Code.REQUEST_INVALID,
                "it is not said what would be deleted: name a repository, with a reference or "
                "without, or a project",
            )
        if project:
            found = await freeing.of_project(project)
        elif reference:
            name = RepositoryName.parse(repository or "")
            found = await freeing.of_reference(name, parse_reference(reference))
        else:
            found = await freeing.of_repository(RepositoryName.parse(repository or ""))
        return json_response(200, _shown_cost(found))

    return [Route("GET", "/storage/cost", cost, Permission.JOB_READ, told=_COST)]


def storage_routes(damages: DamageService, desk: Desk) -> list[Route]:
    """Return what is served of the state of stored bytes."""

    async def start(call: Call) -> Response:
        await call.body(Nothing)
        return await desk.start(call, Wish(scrub.KIND, scrub.KIND, scrub.KIND))

    async def list_damages(call: Call) -> Response:
        limit = call.limit()
        healed = call.text("healed") == "true"
        found = await damages.page(call.number("after", 0), limit, healed=healed)
        items = [_shown(damage) for damage in found]
        return page(items, found[-1].id if len(found) == limit else None)

    async def tier(call: Call) -> Response:
        body = await call.body(TierBody)
        args = {"dry_run": body.dry_run, "back": body.back}
        wish = Wish(tiering.KIND, tiering.KIND, str(args), args)
        return await desk.start(call, wish)

    return [
        Route("POST", "/storage/tier", tier, Permission.JOB_MANAGE, told=_TIERING),
        Route("POST", "/scrub", start, Permission.JOB_MANAGE, told=_SCRUB),
        Route("GET", "/damages", list_damages, Permission.JOB_READ, told=_DAMAGES),
    ]


def backup_routes(desk: Desk) -> list[Route]:
    """Return what only the operator may ask for: it writes wherever the server's user may."""

    async def start(call: Call) -> Response:
        target = (await call.body(BackupBody)).target
        if not target.startswith("/"):
            raise Fault(
                Code.REQUEST_INVALID,
                f"'{target[:80]}' is no absolute path: the server does not know where you are",
            )
        wish = Wish(backup.KIND, backup.MUTEX, target, {"target": target})
        return await desk.start(call, wish)

    async def migrate(call: Call) -> Response:
        body = await call.body(MigrationBody)
        if not body.to.startswith("/") and "://" not in body.to:
            raise Fault(
                Code.REQUEST_INVALID,
                f"'{body.to[:80]}' is neither a URL nor an absolute path: the server does not know "
                "where you are",
            )
        args: dict[str, Any] = {"to": body.to, "verify": body.verify}
        if body.bytes_per_second is not None:
            args["bytes_per_second"] = body.bytes_per_second
        return await desk.start(call, Wish(migrating.KIND, migrating.KIND, body.to, args))

    return [
        Route("POST", "/backup", start, Permission.JOB_MANAGE, told=_BACKUP),
        Route("POST", "/storage/migrate", migrate, Permission.JOB_MANAGE, told=_MIGRATION),
    ]


_COST = About(
    "Say what deleting would free",
    gives=StorageCost,
    query=(
        Argument("repository", "A repository, with its reference or whole."),
        Argument("reference", "A tag or digest in it."),
        Argument("project", "A whole project instead."),
    ),
    errors=(404,),
    tag="storage",
    name="get_storage_cost",
)
_SCRUB = About(
    "Start a scrub",
    takes=Nothing,
    gives=JobView,
    status=202,
    errors=(409,),
    tag="storage",
    text="All stored bytes are read and compared with their digests.",
)
_DAMAGES = About(
    "List damages",
    gives=Page[DamageView],
    query=(Argument("healed", "Whether to list those that were healed.", bool),),
    pages="after",
    cursor=Cursor,
    tag="storage",
)
_BACKUP = About(
    "Start a backup",
    takes=BackupBody,
    gives=JobView,
    status=202,
    errors=(409,),
    tag="storage",
    text="Only on the control socket.",
)


_TIERING = About(
    "Start moving blobs that nobody pulls into the cold store",
    takes=TierBody,
    gives=JobView,
    status=202,
    errors=(409,),
    tag="storage",
    name="start_tiering",
    text="Fails where there is no cold store.",
)
_MIGRATION = About(
    "Start copying all blobs into another store",
    takes=MigrationBody,
    gives=JobView,
    status=202,
    errors=(409,),
    tag="storage",
    name="start_migration",
    text="Only on the control socket.",
)


def _shown_cost(found: Freeing) -> StorageCost:
    return StorageCost(
        found.manifests,
        found.unique_bytes,
        found.shared_bytes,
        found.trash_bytes,
        found.complete,
        [Freed(one.digest, one.size, one.reason) for one in found.largest],
    )


def _shown(damage: Damage) -> DamageView:
    return DamageView(
        damage.id,
        damage.digest,
        damage.generation,
        damage.message,
        moment(damage.found_at),
        maybe(damage.healed_at),
    )
