"""The resources about people, projects and the registry, all together."""

from entrepot.services.health import Health
from entrepot.services.sitesettings import SiteService

from .api import Route
from .configurations import Configurations, configuration_routes
from .members import member_routes
from .metadatas import metadata_routes
from .parts import Parts
from .projects import project_routes
from .quotas import quota_routes
from .robots import robot_routes
from .scanners import finding_routes, scanner_routes
from .searching import searching_routes
from .system import system_routes
from .systemlists import system_list_routes
from .usercredentials import credential_routes
from .usergroups import usergroup_routes
from .users import user_routes


def resource_routes(
    parts: Parts, health: Health, told: SiteService, configurations: Configurations
) -> list[Route]:
    """Return what is served of them."""
    return [
        *system_routes(parts.site, health, told),
        *configuration_routes(configurations),
        *system_list_routes(parts),
        *project_routes(parts),
        *metadata_routes(parts),
        *member_routes(parts),
        *user_routes(parts),
        *credential_routes(parts),
        *usergroup_routes(parts),
        *robot_routes(parts),
        *quota_routes(parts),
        *searching_routes(parts),
        *scanner_routes(parts),
        *finding_routes(),
    ]
