"""What Harbor tells of itself: `/ping`, `/health`, `/systeminfo`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from entrepot.faces.asgi import Request, Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.sitesettings import Creation, Setting
from entrepot.services.health import Health
from entrepot.services.sitesettings import SiteService

from .answers import moment
from .api import Call, Route

ADMIN_ONLY = "adminonly"
"""What Harbor says where only administrators make projects."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the registry tells of itself; `url` is empty where it goes by what clients write."""

    clock: Clock
    url: str = ""
    auth_mode: str = "db_auth"
    provider_name: str = ""
    read_only: bool = False
    volume: Callable[[], tuple[int, int]] = lambda: (0, 0)
    """Returns the bytes that are free where images are kept, and all of them."""
    authority: Callable[[], bytes | None] | None = None
    """Returns the PEM text of the certificate that clients must be told to trust, if it is ours."""

    def address(self, request: Request) -> str:
        """Return the address that clients reach the registry at."""
        if self.url:
            return self.url.rstrip("/")
        host = (request.header(b"host") or "localhost")[:300]
        return f"{request.scope.get('scheme', 'http')}://{host}"


class GeneralInfo(msgspec.Struct, omit_defaults=False):
    """What everyone is told."""

    auth_mode: str
    banner_message: str
    oidc_provider_name: str
    primary_auth_mode: bool
    self_registration: bool


class SystemInfo(GeneralInfo):
    """What is told to who has logged in."""

    current_time: str
    external_url: str
    harbor_version: str
    has_ca_root: bool
    notification_enable: bool
    project_creation_restriction: str
    read_only: bool
    registry_storage_provider_name: str
    registry_url: str


class Component(msgspec.Struct, omit_defaults=True):
    """A part of the registry, and how it is."""

    name: str
    status: str
    error: str = ""


class OverallHealthStatus(msgspec.Struct):
    """How the registry is."""

    components: list[Component]
    status: str


class Storage(msgspec.Struct):
    """A volume, in bytes."""

    free: int
    total: int


class Volumes(msgspec.Struct):
    """Where images are kept."""

    storage: list[Storage]


def system_routes(site: SiteFacts, health: Health, told: SiteService) -> list[Route]:
    """Return what is served of the registry itself."""

    async def ping(_: Call) -> Response:
        response = Response(200, body=b"Pong")
        response.set("Content-Type", "text/plain")
        return response

    async def info(call: Call) -> Response:
        general = GeneralInfo(
            site.auth_mode,
            await told.banner(),
            site.provider_name,
            primary_auth_mode=False,
            self_registration=False,
        )
        if call.identity.kind is Kind.ANONYMOUS:
            return json_response(200, general)
        url = site.address(call.request)
        admins = (await told.find(Setting.PROJECT_CREATION)).value == Creation.ADMINS
        return json_response(
            200,
            SystemInfo(
                **msgspec.structs.asdict(general),
                current_time=moment(site.clock.now()),
                external_url=url,
                harbor_version="-",
                has_ca_root=site.authority is not None,
                notification_enable=True,
                project_creation_restriction=ADMIN_ONLY if admins else "everyone",
                read_only=site.read_only,
                registry_storage_provider_name="filesystem",
                registry_url=urlsplit(url).netloc,
            ),
        )

    async def healthy(_: Call) -> Response:
        catalog, store = await health.catalog(), await health.store()
        parts = {"core": None, "database": catalog, "jobservice": catalog, "registry": store}
        components = [Component(name, _word(wrong), wrong or "") for name, wrong in parts.items()]
        return json_response(200, OverallHealthStatus(components, _word(catalog or store)))

    async def volumes(_: Call) -> Response:
        free, total = site.volume()
        return json_response(200, Volumes([Storage(free, total)]))

    async def certificate(_: Call) -> Response:
        authority = site.authority() if site.authority is not None else None
        if authority is None:
            raise Fault(Code.NOT_FOUND, "certificate not found: clients need none of ours")
        response = Response(200, body=authority)
        response.set("Content-Type", "application/octet-stream")
        response.set("Content-Disposition", "attachment; filename=ca.crt")
        return response

    return [
        Route("GET", "/ping", ping, Need.NOTHING, _about("Ping", media="text/plain")),
        Route("GET", "/health", healthy, Need.NOTHING, _HEALTH),
        Route("GET", "/systeminfo", info, Need.ANYONE, _FACTS),
        Route("GET", "/systeminfo/getcert", certificate, Need.NOTHING, _about("Get authority")),
        Route("GET", "/systeminfo/volumes", volumes, Permission.SITE_MANAGE, _VOLUMES),
    ]


def _word(wrong: str | None) -> str:
    return "unhealthy" if wrong else "healthy"


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag="System", **more)


_FACTS = _about("Get facts", gives=(SystemInfo, GeneralInfo))
_HEALTH = _about("Get health", gives=OverallHealthStatus)
_VOLUMES = _about("Get volumes", gives=Volumes)
