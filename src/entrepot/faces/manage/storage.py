"""Storage over HTTP: what deleting would free, scrubbing, damages, backups."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import parse_reference
from entrepot.ports.integrity import Damage
from entrepot.rules.permissions import Permission
from entrepot.services import backup, scrub
from entrepot.services.damages import DamageService
from entrepot.services.gc.freeing import Freeing, FreeingService

from .api import Call, Route, moment, page
from .jobs import Desk, Nothing, Wish


class BackupBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST: a directory of the machine that the server runs on."""

    target: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


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

    return [Route("GET", "/storage/cost", cost, Permission.JOB_READ)]


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

    return [
        Route("POST", "/scrub", start, Permission.JOB_MANAGE),
        Route("GET", "/damages", list_damages, Permission.JOB_READ),
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

    return [Route("POST", "/backup", start, Permission.JOB_MANAGE)]


def _shown_cost(found: Freeing) -> dict[str, Any]:
    return {
        "manifests": found.manifests,
        "unique_bytes": found.unique_bytes,
        "shared_bytes": found.shared_bytes,
        "trash_bytes": found.trash_bytes,
        "complete": found.complete,
        "largest": [
            {"digest": one.digest, "size": one.size, "reason": one.reason.value}
            for one in found.largest
        ],
    }


def _shown(damage: Damage) -> dict[str, Any]:
    return {
        "id": damage.id,
        "digest": damage.digest,
        "generation": damage.generation,
        "message": damage.message,
        "found_at": moment(damage.found_at),
        "healed_at": moment(damage.healed_at) if damage.healed_at is not None else None,
    }
