"""Events told to others, put together: webhooks, their deliveries, and the feed."""

from dataclasses import dataclass

from entrepot.faces.manage.api import Route
from entrepot.faces.manage.callers import Browsers
from entrepot.faces.manage.deliveries import delivery_routes
from entrepot.faces.manage.events import event_routes
from entrepot.faces.manage.eventstream import EventStreams
from entrepot.faces.manage.webhooks import webhook_routes
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.posting import Poster
from entrepot.ports.sealing import Sealer
from entrepot.rules.networks import Networks
from entrepot.rules.notifications.retrying import DAY_SECONDS
from entrepot.rules.notifications.site import Site
from entrepot.services.deliveries import DeliveryService
from entrepot.services.delivering import Deliverer, DeliveryLimits, Log
from entrepot.services.feed import FeedService
from entrepot.services.fixedhooks import Endpoint, ensure
from entrepot.services.hookbook import HookBook
from entrepot.services.sending import Sender
from entrepot.services.webhooks import WebhookService
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class Telling:
    """The services of one process."""

    catalog: Catalog
    clock: Clock
    random: Random
    sealer: Sealer
    site: Site
    webhooks: WebhookService
    deliveries: DeliveryService
    keep_days: float
    streams: EventStreams
    endpoints: tuple[Endpoint, ...] = ()

    async def ensure_endpoints(self) -> None:
        """Have the webhooks that the settings name."""
        await ensure(self.catalog, self.clock, self.sealer, self.endpoints)

    def routes(self, browsers: Browsers | None) -> list[Route]:
        """Return what is served of these below `/api/entrepot/v1`."""
        return [
            *event_routes(self.streams.feed, self.streams, browsers),
            *webhook_routes(self.webhooks, self.deliveries),
            *delivery_routes(self.webhooks, self.deliveries),
        ]

    def deliverer(self, poster: Poster, log: Log) -> Deliverer:
        """Return who sends; one process of a registry has one."""
        return Deliverer(
            self.catalog,
            self.clock,
            self.random,
            book=HookBook(self.sealer),
            sender=Sender(poster, self.site, [one.place for one in self.endpoints]),
            log=log,
            limits=DeliveryLimits(keep_seconds=self.keep_days * DAY_SECONDS),
        )


def make_telling(
    settings: Settings, catalog: Catalog, clock: Clock, random: Random, sealer: Sealer
) -> Telling:
    """Return the services for these settings."""
    given = settings.webhooks
    site = Site(settings.server.public_url.rstrip("/"), settings.auth.service)
    allowed = Networks.parse(given.allow_networks)
    return Telling(
        catalog,
        clock,
        random,
        sealer,
        site,
        WebhookService(catalog, clock, random, sealer=sealer, allowed=allowed),
        DeliveryService(catalog, clock, site),
        given.keep_days,
        EventStreams(FeedService(catalog), clock),
        tuple(Endpoint.parse(text) for text in given.endpoints),
    )
