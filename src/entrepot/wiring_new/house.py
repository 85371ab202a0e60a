"""The composition root: settings and adapters in, services and faces out."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.adapters.passkeys import WebauthnPasskeys
from entrepot.faces.asgi import App
from entrepot.faces.flood import flood_guard
from entrepot.faces.manage.api import Route, api_app
from entrepot.faces.manage.audit import audit_routes
from entrepot.faces.manage.callers import Browsers
from entrepot.faces.manage.health import Metrics, Readiness, health_app
from entrepot.faces.manage.keys import key_routes, secret_routes
from entrepot.faces.manage.policies import policy_routes, quota_routes
from entrepot.faces.manage.sso import SsoFace, sso_app
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.call import Services
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.registry.token import TokenServices, jwks_app, token_app
from entrepot.gate import Gate, Ground, make_gate
from entrepot.outside import Outside
from entrepot.ports.clock import Clock
from entrepot.rules.admission import Sparse
from entrepot.rules.leases import Grace
from entrepot.rules.passwords import PasswordPolicy
from entrepot.rules.permissions import Permission
from entrepot.rules.ratelimits import parse_rate
from entrepot.rules.tickets import Tickets
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService
from entrepot.services.auditing import AuditService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.blobs import BlobService
from entrepot.services.deletion import DeletionService
from entrepot.services.jobs import Handler, JobService
from entrepot.services.keys import KeyService
from entrepot.services.policies import PolicyService
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.pulls import PullRecorder
from entrepot.services.purging import PurgeService
from entrepot.services.push import PushService
from entrepot.services.quotas import QuotaService
from entrepot.services.ratelimiting import RateService
from entrepot.services.scrub import ScrubLimits
from entrepot.services.secrets import SecretService
from entrepot.services.sharing import SharedUploadService
from entrepot.services.tokens import TokenService
from entrepot.services.trash import TrashService
from entrepot.services.uploads import UploadLimits, UploadService
from entrepot.services.warnings import WarningService
from entrepot.settings import Auth, Settings
from entrepot.upkeep import Base, Upkeep, make_upkeep


@dataclass(frozen=True, slots=True)
class House:
    """All services of one process."""

    registry: Services
    gate: Gate
    policies: PolicyService
    upkeep: Upkeep
    audit: AuditService
    keys: KeyService | None = None
    secrets: SecretService | None = None

    @property
    def accounts(self) -> AccountService:
        return self.gate.accounts

    @property
    def tokens(self) -> TokenService:
        return self.gate.tokens

    @property
    def jobs(self) -> JobService:
        return self.upkeep.jobs

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Who does each kind of job."""
        return self.upkeep.handlers

    @property
    def quotas(self) -> QuotaService:
        return self.registry.quotas

    @property
    def access(self) -> AccessService:
        return self.registry.access

    @property
    def uploads(self) -> UploadService:
        return self.registry.uploads

    @property
    def browsers(self) -> Browsers | None:
        """Who is signed in by a cookie."""
        browsing = self.gate.browsing
        return Browsers(browsing.sessions, self.gate.standing) if browsing else None


def build(settings: Settings, outside: Outside) -> House:
    """Return the services for these settings."""
    catalog, store, clock, random = (
        outside.catalog,
        outside.store,
        outside.clock,
        outside.random,
    )
    auth, bounds = settings.auth, settings.uploads
    blobs = BlobService(catalog, store, clock, random, grace=Grace(bounds.grace_seconds))
    limits = UploadLimits(size_max_bytes=bounds.size_max_bytes, idle_seconds=bounds.idle_seconds)
    accounts = _accounts(settings, outside)
    gate = make_gate(
        Ground(catalog, clock, random, outside.signer, outside.sealer, _passkeys(settings)),
        accounts=accounts,
        auth=auth,
        projects=settings.projects,
        switched_off=_switched_off(settings),
        sources=outside.sources,
    )
    jobs, quotas = JobService(catalog, clock), _quotas(settings, outside)
    policies = PolicyService(catalog, clock)
    deletion = DeletionService(
        catalog,
        clock,
        blobs=blobs,
        keep_days=settings.trash.keep_days,
        guard=policies.guard,
    )
    return House(
        registry=Services(
            access=gate.access,
            blobs=blobs,
            uploads=_uploads(outside, blobs, limits),
            push=PushService(
                catalog,
                clock,
                blobs=blobs,
                sparse=Sparse(settings.manifests.sparse),
                policies=policies,
                quotas=quotas,
            ),
            pull=PullService(catalog, store, limits=PullLimits()),
            pulls=PullRecorder(catalog, clock),
            deletion=deletion,
            warnings=WarningService(clock),
            quotas=quotas,
            rates=_rates(settings, clock),
            trail=AuditTrail(catalog, clock),
        ),
        gate=gate,
        policies=policies,
        audit=AuditService(catalog, source=auth.service),
        keys=outside.keys,
        secrets=_secrets(outside),
        upkeep=make_upkeep(
            Base(catalog, store, clock, random, outside.signer, policies, outside.sources.people),
            jobs=jobs,
            deletion=deletion,
            trash=TrashService(catalog, clock, guard=policies.guard, admit=quotas.admit),
            purging=PurgeService(catalog, clock, deletion=deletion),
            scrubbing=ScrubLimits(settings.scrub.bytes_per_second),
            audit_keep_days=settings.audit.keep_days,
        ),
    )


def _passkeys(settings: Settings) -> WebauthnPasskeys | None:
    """Return what checks passkeys, which are bound to the address that browsers use."""
    url = settings.server.public_url
    return WebauthnPasskeys(url, "Entrepot") if url else None


def _accounts(settings: Settings, outside: Outside) -> AccountService:
    return AccountService(
        outside.catalog,
        outside.passwords,
        outside.clock,
        outside.random,
        file=outside.users,
        policy=_passwords(settings.auth),
        elsewhere=outside.sources.people,
    )


def _passwords(auth: Auth) -> PasswordPolicy:
    words = ("entrepot", auth.service)
    return PasswordPolicy(auth.password_length_min, classes=auth.password_classes, words=words)


def _quotas(settings: Settings, outside: Outside) -> QuotaService:
    given = settings.quota
    return QuotaService(
        outside.catalog,
        outside.clock,
        project_bytes=given.project_bytes if given.project_bytes >= 0 else None,
        warn_share=given.warn_share,
    )


def _rates(settings: Settings, clock: Clock) -> RateService:
    given = settings.rates
    return RateService(
        clock,
        anonymous_pulls=parse_rate(given.anonymous_pulls),
        user_pulls=parse_rate(given.user_pulls),
        requests_per_second=given.requests_per_second,
        parts=settings.server.workers,
    )


def _secrets(outside: Outside) -> SecretService | None:
    if outside.sealer is None:
        return None
    return SecretService(outside.catalog, outside.clock, outside.sealer)


def _uploads(outside: Outside, blobs: BlobService, limits: UploadLimits) -> UploadService:
    catalog, clock, random = outside.catalog, outside.clock, outside.random
    tickets = Tickets(outside.upload_key)
    if outside.shared is not None:
        return SharedUploadService(
            catalog, outside.shared, clock, random, blobs=blobs, limits=limits, tickets=tickets
        )
    return UploadService(
        catalog, outside.store, clock, random, blobs=blobs, limits=limits, tickets=tickets
    )


def _switched_off(settings: Settings) -> dict[Permission, str]:
    """Return what nobody may do, with the reason."""
    if settings.storage.read_only:
        reason = "the registry is read-only (storage.read_only): try again when that is over"
        return {Permission.PUSH: reason, Permission.DELETE: reason}
    if not settings.storage.delete:
        reason = (
            "deleting is switched off (storage.delete; with the variables of registry:2, "
            "REGISTRY_STORAGE_DELETE_ENABLED=true switches it on)"
        )
        return {Permission.DELETE: reason}
    return {}


def api_routes(house: House, *, operator: bool) -> list[Route]:
    """Return what is served below `/api/entrepot/v1`: publicly, or to the `operator`."""
    return [
        *house.gate.routes(),
        *policy_routes(house.policies),
        *quota_routes(house.quotas),
        *(key_routes(house.keys) if house.keys else ()),
        *(secret_routes(house.secrets) if house.secrets else ()),
        *audit_routes(house.audit, house.upkeep.base.clock),
        *house.upkeep.routes(operator=operator, deletes=house.access.serves(Permission.DELETE)),
    ]


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
        "api": api_app(
            api_routes(house, operator=False),
            house.access,
            operator=False,
            trail=house.registry.trail,
            browsers=house.browsers,
        ),
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
