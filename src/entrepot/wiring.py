"""The composition root: settings and adapters in, services and faces out."""

import contextlib
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.secrets import FileSecrets
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness, health_app
from entrepot.faces.manage.users import users_app
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.call import Services
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.registry.token import TokenServices, jwks_app, token_app
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import Passwords, TokenSigner
from entrepot.rules.access import Policy
from entrepot.rules.leases import Grace
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService
from entrepot.services.blobs import BlobService
from entrepot.services.deletion import DeletionService
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.push import PushService
from entrepot.services.tokens import TokenService
from entrepot.services.uploads import UploadLimits, UploadService
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class Outside:
    """What the services stand on; tests and simulation bring their own."""

    catalog: Catalog
    store: BlobStore
    clock: Clock
    random: Random
    passwords: Passwords
    signer: TokenSigner


@dataclass(frozen=True, slots=True)
class House:
    """All services of one process."""

    registry: Services
    accounts: AccountService
    tokens: TokenService

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
    accounts = AccountService(catalog, outside.passwords, clock, random)
    tokens = TokenService(
        outside.signer, clock, random, audience=auth.service, seconds=auth.token_seconds
    )
    policy = Policy(open=auth.open, anonymous_pull=auth.anonymous_pull)
    return House(
        registry=Services(
            access=AccessService(accounts, tokens, policy),
            blobs=blobs,
            uploads=UploadService(catalog, store, clock, random, blobs=blobs, limits=limits),
            push=PushService(catalog, clock, blobs=blobs),
            pull=PullService(catalog, store, limits=PullLimits()),
            deletion=DeletionService(catalog, clock, blobs=blobs),
        ),
        accounts=accounts,
        tokens=tokens,
    )


def mounts(
    settings: Settings, house: House, readiness: Readiness, metrics: CollectorRegistry
) -> dict[str, App]:
    """Return the public applications by the first segment of their paths."""
    challenger = Challenger(settings.auth.service, settings.server.public_url)
    health = health_app(readiness, metrics)
    token = TokenServices(house.access, house.accounts, house.tokens)
    return {
        "v2": registry_app(house.registry, challenger),
        "service": token_app(token),
        ".well-known": jwks_app(house.tokens),
        "api": users_app(house.accounts, house.access, operator=False),
        "healthz": health,
        "readyz": health,
        "metrics": health,
    }


async def embedded(data: DataDirectory, stack: contextlib.AsyncExitStack) -> Outside:
    """Open the embedded catalog, store and keys of a data directory; `stack` closes them."""
    catalog = await open_catalog(data.catalog)
    stack.push_async_callback(catalog.close)
    store = await open_store(data.path)
    stack.push_async_callback(store.close)
    pem = await FileSecrets(data.secrets).ensure("token-es256.pem", new_key)
    return Outside(
        catalog=catalog,
        store=store,
        clock=SystemClock(),
        random=SystemRandom(),
        passwords=Argon2Passwords(),
        signer=Es256Signer(pem),
    )
