"""Deliveries to webhooks beside what is served, in the first process."""

import asyncio
import contextlib

from entrepot.adapters.logging import Log
from entrepot.adapters.posting import LatePoster
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.rules.networks import Networks
from entrepot.settings import Settings
from entrepot.wiring import House


def start_webhooks(
    settings: Settings, house: House, log: Log, stack: contextlib.AsyncExitStack
) -> None:
    """Send until `stack` is left; what is on its way then is sent by the next process."""
    telling = house.telling
    if telling is None:
        return
    given = settings.webhooks
    poster = LatePoster(Networks.parse(given.allow_networks), proxy=given.proxy)
    deliverer = telling.deliverer(poster, log)

    async def work() -> None:
        try:
            await telling.ensure_endpoints()
        except (Busy, CatalogFailed) as error:
            log.warning("webhooks.endpoints are as they were before", cause=str(error))
        await deliverer.run()

    stack.push_async_callback(deliverer.stop)
    stack.callback(asyncio.ensure_future(work()).cancel)
