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
from entrepot.adapters.systemd import READY, STOPPING, notify
from entrepot.faces.asgi import App
from entrepot.faces.manage.health import Readiness
from entrepot.faces.manage.metrics import RequestMetrics, watch
from entrepot.faces.manage.users import users_app
from entrepot.faces.registry.shortcut import ManifestShortcut
from entrepot.faces.root import request_ids, root_app
from entrepot.faces.server import Hooks, Listener, serve
from entrepot.services.accounts import ADMIN
from entrepot.services.health import Health
from entrepot.services.housekeeping import Housekeeping
from entrepot.settings import Settings
from entrepot.wiring import House, Outside, build, embedded, mounts

from .edges import Edges
from .reload import server_limits
from .users import prepare_users


@dataclass(frozen=True, slots=True)
class Started:
    """What is worth telling when the server listens."""

    addresses: tuple[str, ...]
    data: Path
    tls: bool
    open: bool
    ca_file: Path | None
    to_everyone: bool = False
    """Whether nobody is asked for a password, on this machine or beyond."""
    user: str = ADMIN
    """Who logs in first, as far as is known here."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Who is told: `password` of the first administrator's, `started` of where it listens.

    `htpasswd` of the file that was made, and the name and password of its only user.
    """

    password: Callable[[str], None]
    started: Callable[[Started], None]
    htpasswd: Callable[[Path, str, str], None]


def run(
    settings: Settings, announce: Announce, reread: Callable[[], Settings] | None = None
) -> None:
    """Run a registry on an event loop of its own; raises one of `CANNOT_START`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_server(settings, announce, reread))


async def run_server(
    settings: Settings, announce: Announce, reread: Callable[[], Settings] | None = None
) -> None:
    """Run a registry with an embedded catalog until it is told to stop.

    `reread` returns the settings anew at SIGHUP, or raises `SettingsError`.
    Raises `DirectoryBusy`, `ListenError`, `CatalogUnusable`, ssl.SSLError or OSError when it
    cannot start.
    """
    log = configure(settings.log.level, settings.log.format)
    data = DataDirectory(Path(settings.storage.data))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        outside = await embedded(data, stack)
        outside = await prepare_users(settings, outside, announce.htpasswd, log)
        house = build(settings, outside)
        stack.push_async_callback(house.uploads.close)
        await house.uploads.sweep()
        password = await _first_password(settings, house)
        if password is not None:
            # Told at once: should the server fail to listen, nobody could learn it any more.
            announce.password(password)
        edges = Edges(settings, data, outside.clock, log, reread=reread)

        def listening(addresses: tuple[str, ...]) -> None:
            public = tuple(a for a in addresses if a != f"unix:{data.socket}")
            secure = edges.ssl_context is not None
            data.write_address("".join(f"{_url(address, secure=secure)}\n" for address in public))
            announce.started(
                Started(
                    public,
                    data.path,
                    secure,
                    settings.auth.open,
                    edges.ca_file,
                    to_everyone=bool(settings.auth.anonymous),
                    user="USER" if settings.auth.htpasswd else ADMIN,
                )
            )
            notify(READY)

        housekeeping = Housekeeping(house.uploads, outside.clock, log)
        keeper = asyncio.ensure_future(housekeeping.run())
        stack.callback(keeper.cancel)
        stack.callback(asyncio.ensure_future(edges.watch()).cancel)
        readiness = _readiness(outside)
        metrics = _metrics(house)
        new_id = request_ids(_prefix())
        public = root_app(mounts(settings, house, readiness, metrics), new_id=new_id, log=log)
        requests = RequestMetrics(metrics, log if settings.log.access else None)

        def draining() -> None:
            readiness.draining = True
            notify(STOPPING)
            log.info("draining", seconds=settings.server.drain_seconds)

        shortcut = ManifestShortcut(house.registry, new_id)
        await serve(
            edges.guard(public),
            listeners=[*edges.listeners(shortcut), *_control(house, data, log)],
            limits=server_limits(settings),
            ssl_context=edges.ssl_context,
            hooks=Hooks(
                on_response=requests.on_response,
                on_brief=requests.on_brief,
                on_refusal=requests.on_refusal,
                on_listening=listening,
                on_hangup=edges.reload.hangup,
            ),
            drain_seconds=settings.server.drain_seconds,
            on_draining=draining,
        )


async def _first_password(settings: Settings, house: House) -> str | None:
    """Make the first administrator; None where nobody is asked, or the password is known."""
    if settings.auth.anonymous:
        return None
    return await house.accounts.ensure_admin(settings.auth.admin_password)


def _readiness(outside: Outside) -> Readiness:
    health = Health(outside.catalog, outside.store, outside.clock, outside.random)
    return Readiness({"catalog": health.catalog, "store": health.store})


def _metrics(house: House) -> CollectorRegistry:
    metrics = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=metrics)
    watch(metrics, "entrepot_uploads_busy", "Uploads being written.", lambda: house.uploads.busy)
    return metrics


def _prefix() -> str:
    """Return what tells this process's request ids from another's."""
    return f"{os.getpid():x}"


def _url(address: str, *, secure: bool) -> str:
    if address.startswith("unix:"):
        return address
    return f"{'https' if secure else 'http'}://{address}"


def _control(house: House, data: DataDirectory, log: Log) -> list[Listener]:
    """Return the operator's socket, where its path is short enough for one."""
    if data.socket is None:
        return []
    apps: dict[str, App] = {"api": users_app(house.accounts, house.access, operator=True)}
    control = root_app(apps, new_id=request_ids(f"{_prefix()}c"), log=log)
    return [Listener(address=f"unix:{data.socket}", app=control)]
