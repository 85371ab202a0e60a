"""What one process serves to the public, and what it counts while it does."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from entrepot.adapters.logging import Log
from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness
from entrepot.faces.manage.metrics import RequestMetrics, watch
from entrepot.faces.registry.shortcut import METHODS, PULLS, RegistryShortcut
from entrepot.faces.root import request_ids, root_app
from entrepot.services.health import Health
from entrepot.settings import Settings
from entrepot.wiring import House, mounts
from entrepot.wiring.outside import Outside


@dataclass(frozen=True, slots=True)
class Site:
    """One process's public application, and who watches it."""

    app: App
    shortcut: RegistryShortcut
    readiness: Readiness
    requests: RequestMetrics
    metrics: CollectorRegistry

    def drain(self, house: House) -> None:
        """Say that no more requests are wanted, and end what would never end by itself."""
        self.readiness.draining = True
        house.end_streams()


def make_site(
    settings: Settings,
    outside: Outside,
    house: House,
    log: Log,
    *,
    gather: Callable[[], Awaitable[CollectorRegistry]] | None = None,
) -> Site:
    """Return the site; `gather` returns the metrics of all processes where there are several."""
    health = Health(outside.catalog, outside.store, outside.clock, outside.random)
    readiness = Readiness({"catalog": health.catalog, "store": health.store})
    metrics = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=metrics)
    watch(metrics, "entrepot_uploads_busy", "Uploads being written.", lambda: house.uploads.busy)
    requests = RequestMetrics(metrics, log if settings.log.access else None)
    new_id = request_ids(prefix())
    app = root_app(mounts(settings, house, readiness, gather or metrics), new_id=new_id, log=log)
    shortcut = RegistryShortcut(house.registry, new_id, aside=_counted(house))
    return Site(app, shortcut, readiness, requests, metrics)


def _counted(house: House) -> frozenset[bytes]:
    """Return the methods whose requests are counted, as rate limits are set."""
    rates = house.registry.rates
    if rates.limits_requests:
        return METHODS
    return PULLS if rates.limits_pulls else frozenset()


def prefix() -> str:
    """Return what tells this process's request ids from another's."""
    return f"{os.getpid():x}"
