"""Running a registry: from settings to a server that listens."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry

from entrepot.adapters.allocator import bound_heap
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.logging import LeveledLog, Log, configure
from entrepot.adapters.systemd import READY, STOPPING, notify
from entrepot.faces.asgi import App
from entrepot.faces.manage.api import api_app
from entrepot.faces.manage.health import health_app
from entrepot.faces.root import request_ids, root_app
from entrepot.faces.server import Adjustable, Hooks, Listener, serve
from entrepot.services.accounts import ADMIN
from entrepot.services.housekeeping import Housekeeping
from entrepot.settings import Settings
from entrepot.wiring import House, api_routes, build
from entrepot.wiring.outside import Outside, open_outside

from .auditing import start_audit
from .beside import start_beside
from .counting import start_counting
from .duties import start_duty
from .edges import Edges
from .jobs import start_jobs
from .journaling import start_journal
from .keys import watch_keys
from .reload import server_limits
from .site import Site, make_site, prefix
from .sources import open_sources
from .tiering import ensure_tiering
from .users import prepare_users
from .workers import Workers

ORPHANS_SECONDS = 2.0
"""How long workers whose first process was killed may take to end, at most a moment as a rule."""


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
    bound_heap()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_server(settings, announce, reread))


async def run_server(
    settings: Settings, announce: Announce, reread: Callable[[], Settings] | None = None
) -> None:
    """Run a registry with an embedded catalog until it is told to stop.

    `reread` returns the settings anew at SIGHUP, or raises `SettingsError`.
    Raises `DirectoryBusy`, `ListenError`, `CatalogUnusable`, ssl.SSLError or OSError.
    """
    log = configure(settings.log.level, settings.log.format)
    several = settings.server.workers > 1
    data = DataDirectory(
        Path(settings.storage.data), patience_seconds=ORPHANS_SECONDS if several else 0
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        outside = await open_outside(data, stack, settings=settings, shared=several)
        await start_journal(data, outside, log, stack)
        outside = await prepare_users(settings, outside, announce.htpasswd, log)
        outside = await open_sources(settings, outside, log, stack)
        house = build(settings, outside)
        stack.push_async_callback(house.uploads.close)
        if outside.is_alone:
            await house.uploads.sweep()
        await house.upkeep.ensure_schedules()
        await ensure_tiering(outside, house)
        await _first_password(settings, house, announce)
        edges = Edges(settings, data, outside.clock, log, reread=reread, random=outside.random)
        workers = _workers(settings, data, outside, log, lambda: site.metrics)
        stack.push_async_callback(workers.close)
        site = make_site(settings, outside, house, log, gather=workers.gather if several else None)

        def hangup(server: Adjustable) -> None:
            edges.reload.hangup(server)
            workers.use(edges.reload.settings)

        def listening(addresses: tuple[str, ...]) -> None:
            public = tuple(a for a in edges.listening(addresses) if a != f"unix:{data.socket}")
            _tell_where(public, settings, data, edges, announce)
            workers.start()
            notify(READY)

        start_beside("certificates", edges.watch, log, stack)
        _start_beside(settings, outside, house, site, log, stack=stack)

        def draining() -> float:
            site.drain(house)
            workers.stop()
            notify(STOPPING)
            log.info("draining", seconds=settings.server.drain_seconds)
            return settings.server.leave_seconds

        await serve(
            edges.guard(site.app),
            listeners=[
                *workers.among(edges.listeners(site.shortcut)),
                *_control(house, data, log, health_app(site.readiness, site.metrics)),
            ],
            limits=server_limits(settings),
            ssl_context=edges.ssl_context,
            hooks=Hooks(
                on_response=site.requests.on_response,
                on_brief=site.requests.on_brief,
                on_refusal=site.requests.on_refusal,
                on_listening=listening,
                on_hangup=hangup,
                on_hurry=workers.stop,
            ),
            drain_seconds=settings.server.drain_seconds,
            on_draining=draining,
        )


def _start_beside(
    settings: Settings,
    outside: Outside,
    house: House,
    site: Site,
    log: LeveledLog,
    *,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Do what is done beside serving, until `stack` is left."""
    housekeeping = Housekeeping(house.uploads, outside.clock, log, sweeps=not outside.is_alone)
    start_duty("uploads", housekeeping.run, outside, log, stack)
    start_duty("extracts", lambda: house.extractor.run(log), outside, log, stack)
    start_counting(house, log, stack)
    watch_keys(outside, log, stack, leads=True)
    start_audit(settings, outside, house, log, stack=stack)
    start_jobs(settings, outside, house, log, metrics=site.metrics, stack=stack)


def _workers(
    settings: Settings,
    data: DataDirectory,
    outside: Outside,
    log: Log,
    own: Callable[[], CollectorRegistry],
) -> Workers:
    """Return the further processes; they share the lock, and master keys that were printed."""
    return Workers(
        settings,
        data.lock,
        clock=outside.clock,
        log=log,
        own=own,
        printed_keys=outside.printed_keys,
    )


def _tell_where(
    public: tuple[str, ...],
    settings: Settings,
    data: DataDirectory,
    edges: Edges,
    announce: Announce,
) -> None:
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


async def _first_password(settings: Settings, house: House, announce: Announce) -> None:
    """Make the first project and administrator; tell a password that was made for them.

    Where nobody is asked there is no administrator.
    """
    await house.gate.projects.ensure_library()
    await house.management.numbers.ensure_first()
    if settings.auth.anonymous:
        return
    password = await house.accounts.ensure_admin(settings.auth.admin_password)
    if password is not None:
        # Told at once: should the server fail to listen, nobody could learn it any more.
        announce.password(password)


def _url(address: str, *, secure: bool) -> str:
    if address.startswith("unix:"):
        return address
    return f"{'https' if secure else 'http'}://{address}"


def _control(house: House, data: DataDirectory, log: Log, health: App) -> list[Listener]:
    """Return the operator's socket, where its path is short enough for one."""
    if data.socket is None:
        return []
    routes = api_routes(house, operator=True)
    app = api_app(routes, house.access, operator=True, keeping=house.keeping)
    apps: dict[str, App] = {"api": app, "healthz": health, "readyz": health}
    control = root_app(apps, new_id=request_ids(f"{prefix()}c"), log=log)
    return [Listener(address=f"unix:{data.socket}", app=control)]
