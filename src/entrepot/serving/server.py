"""Running a registry: from settings to a server that listens."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.logging import Log, configure
from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness
from entrepot.faces.manage.metrics import RequestMetrics, watch
from entrepot.faces.manage.users import users_app
from entrepot.faces.root import root_app
from entrepot.faces.server import Hooks, Listener, ServerLimits, serve
from entrepot.services.housekeeping import Housekeeping
from entrepot.settings import Settings
from entrepot.wiring import House, build, embedded, mounts

from .certificate import tls_context


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
        context, certificate = tls_context(settings, data, outside.clock)

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
