"""What is served where: routes of our API, and applications by their paths."""

from entrepot.faces.asgi import App
from entrepot.faces.flood import flood_guard
from entrepot.faces.manage.api import Route, api_app
from entrepot.faces.manage.audit import audit_routes
from entrepot.faces.manage.describing import description_routes
from entrepot.faces.manage.health import Metrics, Readiness, health_app
from entrepot.faces.manage.keys import key_routes, secret_routes
from entrepot.faces.manage.policies import policy_routes, quota_routes
from entrepot.faces.manage.sso import SsoFace, sso_app
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.registry.token import TokenServices, jwks_app, token_app
from entrepot.rules.permissions import Permission
from entrepot.settings import Settings

from .house import House
from .management import by_root


def api_routes(house: House, *, operator: bool) -> list[Route]:
    """Return what is served below `/api/entrepot/v1`: publicly, or to the `operator`."""
    found = [
        *house.gate.routes(),
        *house.management.routes(),
        *policy_routes(house.policies),
        *quota_routes(house.quotas),
        *(key_routes(house.keys) if house.keys else ()),
        *(secret_routes(house.secrets) if house.secrets else ()),
        *audit_routes(house.audit, house.upkeep.base.clock),
        *house.upkeep.routes(operator=operator, deletes=house.access.serves(Permission.DELETE)),
        *(house.telling.routes(house.browsers) if house.telling else ()),
    ]
    return [*found, *description_routes(found)]


def mounts(
    settings: Settings, house: House, readiness: Readiness, metrics: Metrics
) -> dict[str, App]:
    """Return the public applications by the first segment of their paths."""
    realm = settings.auth.realm if settings.auth.htpasswd else ""
    challenger = Challenger(settings.auth.service, settings.server.public_url, basic_realm=realm)
    health = health_app(readiness, metrics)
    token = TokenServices(house.access, house.tokens, house.registry.trail)
    rates = house.registry.rates
    counted: dict[str, App] = {
        "v2": registry_app(house.registry, challenger),
        "service": token_app(token),
        ".well-known": jwks_app(house.tokens),
        "api": by_root(
            house.management.harbor(house.registry.trail, house.browsers),
            api_app(
                api_routes(house, operator=False),
                house.access,
                operator=False,
                trail=house.registry.trail,
                browsers=house.browsers,
                keeping=house.keeping,
            ),
        ),
        **house.management.signin(house.registry.trail),
        **_signin(settings, house),
    }
    if rates.limits_requests:
        counted = {name: flood_guard(app, rates.admit) for name, app in counted.items()}
    return {
        **counted,
        "healthz": health,
        "readyz": health,
        "metrics": health,
    }


def _signin(settings: Settings, house: House) -> dict[str, App]:
    """Return the pages of signing in at a provider, where there is one."""
    gate, sso = house.gate, house.gate.sources.sso
    if sso is None or gate.browsing is None:
        return {}
    face = SsoFace(
        sso,
        gate.browsing.sessions,
        gate.standing,
        gate.access_tokens,
        settings.server.public_url,
        house.registry.trail,
    )
    return {"signin": sso_app(face)}
