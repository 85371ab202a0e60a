"""The job that moves cold blobs, where there is a store for them."""

from collections.abc import Mapping

from entrepot.services import tiering
from entrepot.services.jobs import Handler, ScheduleSpec
from entrepot.services.tiering import DAY_SECONDS, TieringLimits, TieringService
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.outside import Outside

SCHEDULE = ScheduleSpec("tiering", tiering.KIND, "13 3 * * *", mutex=tiering.KIND)


async def ensure_tiering(outside: Outside, house: House) -> None:
    """Have its schedule, where there is a cold store."""
    if outside.storage is not None and outside.storage.levels is not None:
        await house.jobs.ensure_schedule(SCHEDULE)


def tiering_handlers(settings: Settings, outside: Outside) -> Mapping[str, Handler]:
    """Return who does it, by the kind of job."""
    levels = outside.storage.levels if outside.storage is not None else None
    if levels is None:
        return {}
    given = settings.cold
    service = TieringService(
        outside.catalog,
        *levels,
        clock=outside.clock,
        random=outside.random,
        limits=TieringLimits(given.after_days * DAY_SECONDS, given.bytes_per_second),
    )
    return {tiering.KIND: service.handle}
