"""Harbor's face of people, projects and the registry itself, put together."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from entrepot.adapters.volume import authority_of, volume_of
from entrepot.faces.manage.harbor.api import Route
from entrepot.faces.manage.harbor.configurations import Configurations
from entrepot.faces.manage.harbor.fixed import WHERE, fixed_values
from entrepot.faces.manage.harbor.ldap import ldap_routes
from entrepot.faces.manage.harbor.parts import Content, Parts, People
from entrepot.faces.manage.harbor.resources import resource_routes
from entrepot.faces.manage.harbor.sitechanges import SiteChanges
from entrepot.faces.manage.harbor.system import SiteFacts
from entrepot.ports.clock import Clock
from entrepot.services.grants import GrantService
from entrepot.services.groups import GroupService
from entrepot.services.health import Health
from entrepot.services.listing.service import ListingService
from entrepot.services.notes import NoteService
from entrepot.services.numbers import NumberService
from entrepot.services.policies import PolicyService
from entrepot.services.profiles import ProfileService
from entrepot.services.quotas import QuotaService
from entrepot.services.roles import RoleService
from entrepot.services.sitesettings import SiteService
from entrepot.settings import Settings

from .gate import Gate
from .upkeep import Upkeep

OWN_CERTIFICATE = "tls"
"""Where in the data directory the certificate of `server.tls = "auto"` lies."""


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What these routes stand on."""

    settings: Settings
    gate: Gate
    upkeep: Upkeep
    policies: PolicyService
    quotas: QuotaService
    listing: ListingService
    site: SiteService

    def routes(self) -> list[Route]:
        """Return what is served below `/api/v2.0`."""
        base, parts = self.upkeep.base, self.parts
        fixed = fixed_values(self.settings, parts.site.auth_mode)
        configurations = Configurations(fixed, WHERE, SiteChanges(self.site))
        health = Health(base.catalog, base.store, base.clock, base.random)
        ldap, issuer = self.settings.ldap.url, self.settings.oidc.issuer
        return [
            *resource_routes(parts, health, self.site, configurations),
            *ldap_routes(self.gate.sources.people, ldap, issuer),
        ]

    @property
    def parts(self) -> Parts:
        """The services, as the face has them."""
        gate, catalog, clock = self.gate, self.gate.ground.catalog, self.gate.ground.clock
        return Parts(
            People(
                gate.accounts,
                ProfileService(catalog, clock),
                GroupService(catalog, clock),
                GrantService(catalog, clock),
                RoleService(catalog, clock),
                gate.robots,
                gate.chosen,
                gate.sources.people,
            ),
            Content(
                gate.projects,
                self.policies,
                self.quotas,
                self.listing,
                self.upkeep.trash,
                self.upkeep.purging,
            ),
            NumberService(catalog),
            NoteService(catalog, clock),
            site_facts(self.settings, clock),
        )


def site_facts(settings: Settings, clock: Clock) -> SiteFacts:
    """Return what the registry tells of itself, in Harbor's words."""
    mode = "oidc_auth" if settings.oidc.issuer else "ldap_auth" if settings.ldap.url else "db_auth"
    data = Path(settings.storage.data)
    is_own = settings.server.tls == "auto"
    return SiteFacts(
        clock,
        settings.server.public_url,
        auth_mode=mode,
        read_only=settings.storage.read_only,
        volume=partial(volume_of, data),
        authority=partial(authority_of, data / OWN_CERTIFICATE) if is_own else None,
    )
