"""The job that moves cold blobs, where there is a store for them."""

from collections.abc import Mapping
from contextlib import suppress

from entrepot.oci.errors import Code, Fault
from entrepot.services import tiering
from entrepot.services.jobs import Handler, Run, ScheduleSpec
from entrepot.services.tiering import DAY_SECONDS, TieringLimits, TieringService
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.outside import Outside

SCHEDULE = ScheduleSpec("tiering", tiering.KIND, "13 3 * * *", mutex=tiering.KIND)


async def ensure_tiering(outside: Outside, house: House) -> None:
    """Have its schedule where there is a cold store, and none where there is none any more."""
    if outside.storage is not None and outside.storage.levels is not None:
        await house.jobs.ensure_schedule(SCHEDULE)
        return
    with suppress(Fault):  # it is not there
        await house.jobs.find_schedule(SCHEDULE.name)
        await house.jobs.remove_schedule(SCHEDULE.name)


def tiering_handlers(settings: Settings, outside: Outside) -> Mapping[str, Handler]:
    """Return who does it, by the kind of job."""
    levels = outside.storage.levels if outside.storage is not None else None
    if levels is None:
        return {tiering.KIND: _nowhere}
    given = settings.cold
    service = TieringService(
        outside.catalog,
        *levels,
        clock=outside.clock,
        random=outside.random,
        limits=TieringLimits(given.after_days * DAY_SECONDS, given.bytes_per_second),
    )
    return {tiering.KIND: service.handle}


async def _nowhere(_run: Run) -> None:
    raise Fault(Code.UNSUPPORTED, "there is no cold store: name one in cold.blobs, then try again")
