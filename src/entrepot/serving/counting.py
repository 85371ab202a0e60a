"""What is counted in memory: uses, written later; figures, asked for later."""

import contextlib
from collections.abc import Awaitable, Callable

from entrepot.adapters.logging import Log
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.services.listing.service import ListingService
from entrepot.wiring import House

from .beside import start_beside


def start_counting(house: House, log: Log, stack: contextlib.AsyncExitStack) -> None:
    """Write uses again and again until `stack` is left and once more then; count figures."""
    pulls, uses = house.registry.pulls, house.gate.authenticator
    notices, listing = house.notices, house.listing
    lasts: dict[str, Callable[[], Awaitable[object]]] = {"pulls": pulls.flush, "uses": uses.flush}
    if notices is not None:
        lasts["notices"] = notices.flush
    for what, flush in lasts.items():
        stack.push_async_callback(_last, what, flush, log)
    if notices is not None:
        start_beside("notices", lambda: notices.run(log), log, stack)
    start_beside("pulls", lambda: pulls.run(log), log, stack)
    start_beside("uses", lambda: uses.run(log), log, stack)
    if listing is not None:
        start_beside("figures of repositories", lambda: _ahead(listing, log), log, stack)


async def _last(what: str, flush: Callable[[], Awaitable[object]], log: Log) -> None:
    try:
        await flush()
    except (Busy, CatalogFailed) as error:
        log.warning("what was counted last is not written", what=what, cause=str(error))


async def _ahead(listing: ListingService, log: Log) -> None:
    try:
        await listing.count_ahead()
    except (Busy, CatalogFailed) as error:
        # Whoever asks for them looks them up.
        log.warning("figures of repositories are not known yet", reason=str(error))
