"""What administrators keep of the registry put together: others, and settings."""

from dataclasses import dataclass

from entrepot.adapters.remoting import LateRegistry
from entrepot.faces.manage.api import Route
from entrepot.faces.manage.remotes import remote_routes
from entrepot.faces.manage.replication import replication_routes
from entrepot.faces.manage.site import site_routes
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.sealing import Sealer
from entrepot.rules.sitesettings import AUDIT_KEEP_DAYS, Setting
from entrepot.services.remotes import RemoteService
from entrepot.services.replication import ReplicationService
from entrepot.services.sitesettings import SiteService
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class Premises:
    """The services of other registries, replication and settings."""

    remotes: RemoteService
    replication: ReplicationService
    site: SiteService

    def routes(self) -> list[Route]:
        """Return what is served of these below `/api/entrepot/v1`."""
        return [
            *remote_routes(self.remotes),
            *replication_routes(self.replication),
            *site_routes(self.site),
        ]


def make_premises(
    settings: Settings, catalog: Catalog, clock: Clock, sealer: Sealer | None
) -> Premises:
    """Return the services for these settings."""
    return Premises(
        RemoteService(catalog, clock, LateRegistry(), sealer),
        ReplicationService(catalog, clock),
        SiteService(catalog, clock, fixed=_fixed(settings)),
    )


def audit_keep_days(settings: Settings) -> float | None:
    """Return how long the settings file keeps audit lines; None where it leaves that to the site.

    The default, written out, is as good as nothing.
    """
    days = settings.audit.keep_days
    return None if days == AUDIT_KEEP_DAYS else days


def _fixed(settings: Settings) -> dict[Setting, float]:
    """Return what the settings file says of what could be set."""
    found: dict[Setting, float] = {}
    days = audit_keep_days(settings)
    if days is not None:
        found[Setting.AUDIT_KEEP_DAYS] = days
    if settings.quota.project_bytes >= 0:
        found[Setting.PROJECT_BYTES] = settings.quota.project_bytes
    return found
