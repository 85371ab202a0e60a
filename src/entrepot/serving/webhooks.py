"""Deliveries to webhooks beside what is served, by one replica."""

import contextlib

from entrepot.adapters.logging import Log
from entrepot.adapters.posting import LatePoster
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.rules.networks import Networks
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.outside import Outside

from .duties import start_duty


def start_webhooks(
    settings: Settings, outside: Outside, house: House, log: Log, stack: contextlib.AsyncExitStack
) -> None:
    """Send until `stack` is left; what is on its way then is sent by the next process."""
    telling = house.telling
    if telling is None:
        return
    given = settings.webhooks

    async def work() -> None:
        poster = LatePoster(Networks.parse(given.allow_networks), proxy=given.proxy)
        deliverer = telling.deliverer(poster, log)
        try:
            await telling.ensure_endpoints()
        except (Busy, CatalogFailed) as error:
            log.warning("webhooks.endpoints are as they were before", cause=str(error))
        try:
            await deliverer.run()
        finally:
            await deliverer.stop()

    start_duty("webhooks", work, outside, log, stack)
