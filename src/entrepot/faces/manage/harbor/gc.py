"""Garbage collection in Harbor's words: `/system/gc`."""

from typing import Any

from entrepot.faces.manage.jobs import Desk
from entrepot.oci.errors import Code, Fault
from entrepot.services.gc.progress import KIND
from entrepot.services.numbers import NumberService
from entrepot.services.untagged import KIND as UNTAGGED

from .api import Route
from .planned import Companion, Parameters, Planned, planned_routes

WORKERS_MAX = 10


def gc_routes(desk: Desk, numbers: NumberService) -> list[Route]:
    """Return what is served of the collector."""
    planned = Planned(
        base="/system/gc",
        name="GARBAGE_COLLECTION",
        kind=KIND,
        schedule="gc",
        tag="garbage collection",
        arguments=_arguments,
        companion=Companion(UNTAGGED, "gc-untagged", _deletes_untagged),
    )
    return planned_routes(planned, desk, numbers)


def _arguments(given: Parameters) -> dict[str, Any]:
    """Return our arguments.

    `workers` is taken and means nothing: the collector goes at the pace that requests leave it.
    """
    workers = given.get("workers", 1)
    if type(workers) is not int or not 0 <= workers <= WORKERS_MAX:
        raise Fault(
            Code.REQUEST_INVALID,
            f"Error: Invalid number of workers:{str(workers)[:20]}. Workers must be greater than 0 "
            f"and less than or equal to {WORKERS_MAX}.",
        )
    return {"dry_run": True} if given.get("dry_run") is True else {}


def _deletes_untagged(given: Parameters) -> bool:
    """Whether artifacts without tags go, too: into the trash, so that space is free later on."""
    return given.get("delete_untagged") is True and given.get("dry_run") is not True
