"""Running a registry: from settings to a server that listens."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from entrepot.adapters import tls
from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.adapters.logging import Log, configure
from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness
from entrepot.faces.manage.metrics import RequestMetrics, watch
from entrepot.faces.manage.users import users_app
from entrepot.faces.root import root_app
from entrepot.faces.server import Hooks, Listener, ListenError, ServerLimits, serve
from entrepot.ports.clock import Clock
from entrepot.ports.upkeep import Finding
from entrepot.services.fsck import check_blobs, check_catalog, count_debris
from entrepot.services.housekeeping import Housekeeping
from entrepot.settings import Settings
from entrepot.wiring import House, build, embedded, mounts

CANNOT_START = (CatalogUnusable, DirectoryBusy, ListenError, OSError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Started:
    """What is worth telling when the server listens."""

    addresses: tuple[str, ...]
    data: Path
    tls: bool
    open: bool
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class Announce:
    """Who is told: `password` of the first administrator's, `started` of where it listens."""

    password: Callable[[str], None]
    started: Callable[[Started], None]


def run(settings: Settings, announce: Announce) -> None:
    """Run a registry on an event loop of its own; raises one of `CANNOT_START`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_server(settings, announce))


async def run_server(settings: Settings, announce: Announce) -> None:
    """Run a registry with an embedded catalog until it is told to stop.

    Raises `DirectoryBusy`, `ListenError`, `CatalogUnusable`, ssl.SSLError or OSError when it
    cannot start.
    """
    log = configure(settings.log.level, settings.log.format)
    data = DataDirectory(Path(settings.storage.data))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        outside = await embedded(data, stack)
        house = build(settings, outside)
        stack.push_async_callback(house.uploads.close)
        await house.uploads.sweep()
        password = await house.accounts.ensure_admin(settings.auth.admin_password)
        if password is not None:
            # Told at once: should the server fail to listen, nobody could learn it any more.
            announce.password(password)
        context, certificate = _tls(settings, data, outside.clock)

        def listening(addresses: tuple[str, ...]) -> None:
            public = tuple(a for a in addresses if not a.startswith("unix:"))
            scheme = "https" if context else "http"
            data.write_address("".join(f"{scheme}://{address}\n" for address in public))
            announce.started(
                Started(
                    public,
                    data.path,
                    context is not None,
                    settings.auth.open,
                    certificate,
                )
            )

        housekeeping = Housekeeping(house.uploads, outside.clock, log)
        keeper = asyncio.ensure_future(housekeeping.run())
        stack.callback(keeper.cancel)
        readiness = Readiness({"catalog": lambda: _catalog_word(house)})
        metrics = _metrics(house)
        public = root_app(mounts(settings, house, readiness, metrics), prefix=_prefix(), log=log)
        requests = RequestMetrics(metrics, log if settings.log.access else None)

        def draining() -> None:
            readiness.draining = True
            log.info("draining", seconds=settings.server.drain_seconds)

        await serve(
            public,
            listeners=[*map(_listener, settings.server.listen), *_control(house, data, log)],
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


async def inspect(path: Path, *, read: bool) -> tuple[list[Finding], int]:
    """Check the data of a stopped registry; return findings, and the number of debris.

    With `read` every blob is read and its digest compared. Raises `DirectoryBusy` while a server
    runs on it, `CatalogUnusable` or OSError.
    """
    if not (path / "catalog.db").exists():
        raise FileNotFoundError(f"{path} holds no registry")
    data = DataDirectory(path)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        catalog = await open_catalog(data.catalog)
        stack.push_async_callback(catalog.close)
        store = await open_store(data.path)
        stack.push_async_callback(store.close)
        findings = await check_catalog(catalog)
        findings += [finding async for finding in check_blobs(catalog, store, read=read)]
        return findings, await count_debris(catalog, store)


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


def _metrics(house: House) -> CollectorRegistry:
    metrics = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=metrics)
    watch(metrics, "entrepot_uploads_busy", "Uploads being written.", lambda: house.uploads.busy)
    return metrics


def _prefix() -> str:
    """Return what tells this process's request ids from another's."""
    return f"{os.getpid():x}"


def _listener(address: str) -> Listener:
    return Listener(address=address)


def _control(house: House, data: DataDirectory, log: Log) -> list[Listener]:
    """Return the operator's socket, where its path is short enough for one."""
    if data.socket is None:
        return []
    apps: dict[str, App] = {"api": users_app(house.accounts, house.access, operator=True)}
    control = root_app(apps, prefix=f"{_prefix()}c", log=log)
    return [Listener(address=f"unix:{data.socket}", app=control)]


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
