"""What is counted in memory: uses, written later; figures, asked for later."""

import asyncio
import contextlib

from entrepot.adapters.logging import Log
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.services.listing.service import ListingService
from entrepot.wiring import House


def start_counting(house: House, log: Log, stack: contextlib.AsyncExitStack) -> None:
    """Write uses again and again until `stack` is left and once more then; count figures."""
    pulls, uses = house.registry.pulls, house.gate.authenticator
    lasts, tasks = [pulls.flush, uses.flush], [pulls.run(log), uses.run(log)]
    if house.notices is not None:
        lasts.append(house.notices.flush)
        tasks.append(house.notices.run(log))
    if house.listing is not None:
        tasks.append(_ahead(house.listing, log))
    for last in lasts:
        stack.push_async_callback(last)
    for task in tasks:
        stack.callback(asyncio.ensure_future(task).cancel)


async def _ahead(listing: ListingService, log: Log) -> None:
    try:
        await listing.count_ahead()
    except (Busy, CatalogFailed) as error:
        # Whoever asks for them looks them up.
        log.warning("figures of repositories are not known yet", reason=str(error))
