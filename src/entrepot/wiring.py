"""The composition root: settings and adapters in, services and faces out."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.adapters.blobs.fs import Holds, Retired, SharedStore, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.secrets import FileSecrets, new_upload_key
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.faces.asgi import App
from entrepot.faces.manage.api import Route, api_app
from entrepot.faces.manage.health import Metrics, Readiness, health_app
from entrepot.faces.manage.policies import policy_routes, quota_routes
from entrepot.faces.manage.users import user_routes
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.call import Services
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.registry.token import TokenServices, jwks_app, token_app
from entrepot.ports.accounts import UserFile
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import Passwords, TokenSigner
from entrepot.ports.sharing import SharedBlobStore
from entrepot.rules.access import Action, Policy
from entrepot.rules.admission import Sparse
from entrepot.rules.leases import Grace
from entrepot.rules.tickets import Tickets
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService
from entrepot.services.blobs import BlobService
from entrepot.services.deletion import DeletionService
from entrepot.services.jobs import Handler, JobService
from entrepot.services.policies import PolicyService
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.pulls import PullRecorder
from entrepot.services.purging import PurgeService
from entrepot.services.push import PushService
from entrepot.services.quotas import QuotaService
from entrepot.services.scrub import ScrubLimits
from entrepot.services.sharing import SharedUploadService
from entrepot.services.tokens import TokenService
from entrepot.services.trash import TrashService
from entrepot.services.uploads import UploadLimits, UploadService
from entrepot.services.warnings import WarningService
from entrepot.settings import Settings
from entrepot.upkeep import Base, Upkeep, make_upkeep


@dataclass(frozen=True, slots=True)
class Outside:
    """What the services stand on; tests and simulation bring their own."""

    catalog: Catalog
    store: BlobStore
    clock: Clock
    random: Random
    passwords: Passwords
    signer: TokenSigner
    upload_key: bytes
    """`rules.tickets.KEY_BYTES` by chance; upload ids hold as long as it does."""
    users: UserFile | None = None
    """Where users are kept in a file, instead of in the catalog."""
    shared: SharedBlobStore | None = None
    """The store again, where other processes use it too."""


@dataclass(frozen=True, slots=True)
class House:
    """All services of one process."""

    registry: Services
    accounts: AccountService
    tokens: TokenService
    policies: PolicyService
    upkeep: Upkeep

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
    accounts = AccountService(catalog, outside.passwords, clock, random, file=outside.users)
    tokens = TokenService(
        outside.signer, clock, random, audience=auth.service, seconds=auth.token_seconds
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
    policy = Policy(open=auth.open or bool(auth.anonymous), anonymous_pull=auth.anonymous_pull)
    return House(
        registry=Services(
            access=AccessService(
                accounts,
                tokens,
                policy,
                switched_off=_switched_off(settings),
                asks=not auth.anonymous,
            ),
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
        ),
        accounts=accounts,
        tokens=tokens,
        policies=policies,
        upkeep=make_upkeep(
            Base(catalog, store, clock, random, outside.signer, policies),
            jobs=jobs,
            deletion=deletion,
            trash=TrashService(catalog, clock, guard=policies.guard, admit=quotas.admit),
            purging=PurgeService(catalog, clock, deletion=deletion),
            scrubbing=ScrubLimits(settings.scrub.bytes_per_second),
        ),
    )


def _quotas(settings: Settings, outside: Outside) -> QuotaService:
    given = settings.quota
    return QuotaService(
        outside.catalog,
        outside.clock,
        project_bytes=given.project_bytes if given.project_bytes >= 0 else None,
        warn_share=given.warn_share,
    )


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


def _switched_off(settings: Settings) -> dict[Action, str]:
    """Return what nobody may do, with the reason."""
    if settings.storage.read_only:
        reason = "the registry is read-only (storage.read_only): try again when that is over"
        return {Action.PUSH: reason, Action.DELETE: reason}
    if not settings.storage.delete:
        reason = (
            "deleting is switched off (storage.delete; with the variables of registry:2, "
            "REGISTRY_STORAGE_DELETE_ENABLED=true switches it on)"
        )
        return {Action.DELETE: reason}
    return {}


def api_routes(house: House, *, operator: bool) -> list[Route]:
    """Return what is served below `/api/entrepot/v1`: publicly, or to the `operator`."""
    return [
        *user_routes(house.accounts),
        *policy_routes(house.policies),
        *quota_routes(house.quotas),
        *house.upkeep.routes(operator=operator, deletes=house.access.serves(Action.DELETE)),
    ]


def mounts(
    settings: Settings, house: House, readiness: Readiness, metrics: Metrics
) -> dict[str, App]:
    """Return the public applications by the first segment of their paths."""
    realm = settings.auth.realm if settings.auth.htpasswd else ""
    challenger = Challenger(settings.auth.service, settings.server.public_url, basic_realm=realm)
    health = health_app(readiness, metrics)
    token = TokenServices(house.access, house.accounts, house.tokens)
    return {
        "v2": registry_app(house.registry, challenger),
        "service": token_app(token),
        ".well-known": jwks_app(house.tokens),
        "api": api_app(api_routes(house, operator=False), house.access, operator=False),
        "healthz": health,
        "readyz": health,
        "metrics": health,
    }


async def embedded(
    data: DataDirectory,
    stack: contextlib.AsyncExitStack,
    *,
    shared: bool = False,
    joins: bool = False,
) -> Outside:
    """Open the embedded catalog, store and keys of a data directory; `stack` closes them.

    `shared` where several processes do so; all but the first of them say `joins`.
    """
    catalog = await open_catalog(
        data.catalog, turnstile=data.turnstile if shared else None, joins=joins
    )
    stack.push_async_callback(catalog.close)
    opened = await open_store(data.path)
    among = None
    if shared:
        among = SharedStore(opened, Holds(data.upload_holds), Retired(data.retired_uploads))
    store = among or opened
    stack.push_async_callback(store.close)
    secrets = FileSecrets(data.secrets)
    pem = await secrets.ensure("token-es256.pem", new_key)
    return Outside(
        catalog=catalog,
        store=store,
        clock=SystemClock(),
        random=SystemRandom(),
        passwords=Argon2Passwords(),
        signer=Es256Signer(pem),
        upload_key=await secrets.ensure("uploads.key", new_upload_key),
        shared=among,
    )
