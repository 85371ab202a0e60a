"""The composition root: settings in, a running registry out."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from entrepot.adapters import tls
from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.logging import configure
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.secrets import FileSecrets
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness, health_app
from entrepot.faces.manage.metrics import RequestMetrics, watch
from entrepot.faces.manage.users import users_app
from entrepot.faces.registry.app import registry_app
from entrepot.faces.registry.call import Services
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.registry.token import TokenServices, jwks_app, token_app
from entrepot.faces.root import root_app
from entrepot.faces.server import Hooks, Listener, ServerLimits, serve
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
from entrepot.services.housekeeping import Housekeeping
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


@dataclass(frozen=True, slots=True)
class Started:
    """What is worth telling when the server listens."""

    addresses: tuple[str, ...]
    data: Path
    tls: bool
    open: bool
    generated_password: str | None
    ca_file: Path | None


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


async def run_server(settings: Settings, announce: Callable[[Started], None]) -> None:
    """Run a registry with an embedded catalog until it is told to stop.

    Raises `DirectoryBusy`, `ListenError`, `CatalogUnusable`, ssl.SSLError or OSError when it
    cannot start.
    """
    log = configure(settings.log.level, settings.log.format)
    data = DataDirectory(Path(settings.storage.data))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        outside = await _outside(data, stack)
        house = build(settings, outside)
        stack.push_async_callback(house.uploads.close)
        await house.uploads.sweep()
        password = await house.accounts.ensure_admin(settings.auth.admin_password)
        context, certificate = _tls(settings, data, outside.clock)

        def listening(addresses: tuple[str, ...]) -> None:
            public = tuple(a for a in addresses if not a.startswith("unix:"))
            scheme = "https" if context else "http"
            data.write_address("".join(f"{scheme}://{address}\n" for address in public))
            announce(
                Started(
                    public,
                    data.path,
                    context is not None,
                    settings.auth.open,
                    password,
                    certificate,
                )
            )

        housekeeping = Housekeeping(house.uploads, outside.clock, log)
        keeper = asyncio.ensure_future(housekeeping.run())
        stack.callback(keeper.cancel)
        await _serve(settings, house, data, context, log, listening)


async def _outside(data: DataDirectory, stack: contextlib.AsyncExitStack) -> Outside:
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


def _tls(
    settings: Settings, data: DataDirectory, clock: Clock
) -> tuple[ssl.SSLContext | None, Path | None]:
    """Return the TLS context, and our own certificate's file where clients must trust it."""
    server = settings.server
    if server.tls == "off":
        return None, None
    if server.tls == "files":
        return tls.server_context(Path(server.tls_cert), Path(server.tls_key)), None
    hosts = [address.rpartition(":")[0] for address in server.listen]
    certificate, key = tls.own_certificate(data.tls, hosts, clock.now())
    return tls.server_context(certificate, key), certificate


async def _serve(
    settings: Settings,
    house: House,
    data: DataDirectory,
    context: ssl.SSLContext | None,
    log: Any,
    listening: Callable[[tuple[str, ...]], None],
) -> None:
    metrics = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=metrics)
    requests = RequestMetrics(metrics, log if settings.log.access else None)
    watch(metrics, "entrepot_uploads_busy", "Uploads being written.", lambda: house.uploads.busy)
    readiness = Readiness({"catalog": lambda: _catalog_word(house)})
    prefix = f"{os.getpid():x}"
    public = root_app(mounts(settings, house, readiness, metrics), prefix=prefix, log=log)
    listeners = [Listener(address=address) for address in settings.server.listen]
    if data.socket is not None:
        operator = {"api": users_app(house.accounts, house.access, operator=True)}
        control = root_app(operator, prefix=f"{prefix}c", log=log)
        listeners.append(Listener(address=f"unix:{data.socket}", app=control))

    def draining() -> None:
        readiness.draining = True
        log.info("draining", seconds=settings.server.drain_seconds)

    await serve(
        public,
        listeners=listeners,
        limits=_server_limits(settings),
        ssl_context=context,
        hooks=Hooks(
            on_response=requests.on_response,
            on_refusal=requests.on_refusal,
            on_listening=listening,
        ),
        drain_seconds=settings.server.drain_seconds,
        on_draining=draining,
    )


def _server_limits(settings: Settings) -> ServerLimits:
    limits = settings.limits
    return ServerLimits(
        header_bytes=limits.header_bytes,
        header_seconds=limits.header_seconds,
        body_rate_min_bytes=limits.body_bytes_per_second,
        idle_seconds=limits.idle_seconds,
        write_stall_seconds=limits.stall_seconds,
        connections_max=limits.connections,
        connections_per_address_max=limits.connections_per_address,
    )


async def _catalog_word(house: House) -> str | None:
    """Return what is wrong with the catalog, or None."""
    try:
        await house.accounts.find("")
    except Exception as error:
        # Whatever it is, readiness is the place to say it and not to fail.
        return f"cannot be read: {error}"
    return None
