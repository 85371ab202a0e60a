"""Between the network and the registry: listeners, proxies, TLS, reloading."""

import asyncio
import functools
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.descriptors import needed_descriptors, raise_descriptor_limit
from entrepot.adapters.logging import LeveledLog
from entrepot.adapters.system import SystemRandom
from entrepot.faces.asgi import App
from entrepot.faces.server import (
    UNIX_MODE_PUBLIC,
    ForwardedApp,
    HostGuard,
    Listener,
    TrustedProxies,
)
from entrepot.faces.shortcut import Shortcut
from entrepot.ports.clock import Clock, Random
from entrepot.rules.certificates import NameIn
from entrepot.settings import Settings

from .certificate import Certificate, client_ca, find_certificate
from .reload import Reload

if TYPE_CHECKING:
    from .acme import Acme

WATCH_SECONDS = 60.0
"""How often the certificate's files are looked at."""


class Edges:
    """The public side of one server; see `watch` and `reload` for what happens while it runs."""

    def __init__(
        self,
        settings: Settings,
        data: DataDirectory,
        clock: Clock,
        log: LeveledLog,
        *,
        reread: Callable[[], Settings] | None = None,
        random: Random | None = None,
        leads: bool = True,
    ) -> None:
        """Raise the limit of open files. Raises OSError for a certificate that cannot be used.

        Of several processes one `leads`, and sees to certificates.
        """
        self._settings = settings
        self._clock = clock
        self._log = log
        self._trusted = TrustedProxies(settings.server.trusted_proxies)
        self._leads = leads
        find = functools.partial(find_certificate, data=data, clock=clock, may_make=leads)
        found = find(settings)
        self._certificate = Certificate(found, log, client_ca(settings)) if found else None
        self.ca_file: Path | None = found()[0] if found and settings.server.tls == "auto" else None
        """Our own certificate, which clients must be told to trust."""
        self._listening = asyncio.Event()
        self._acme = self._make_acme(data, random or SystemRandom())
        self.reload = Reload(
            settings,
            reread or (lambda: settings),
            log=log,
            trusted=self._trusted,
            certificate=self._certificate,
            find=find,
        )
        self._raise_limits()

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context of the listeners; None without TLS."""
        return self._certificate.context if self._certificate is not None else None

    def guard(self, app: App) -> App:
        """Return the application as the public may ask it."""
        if self._settings.auth.open:
            app = HostGuard(app)
        standard = self._settings.server.forwarded == "standard"
        return ForwardedApp(app, self._trusted, standard=standard)

    def listeners(self, shortcut: Shortcut) -> list[Listener]:
        """Return the public addresses; `shortcut` is taken where nothing else looks at requests.

        The port where an authority's challenges are answered comes after them.
        """
        server = self._settings.server
        names_in = NameIn(server.tls_client_name) if server.tls_client_ca else None
        usable = None if self._settings.auth.open else shortcut
        return [
            Listener(
                address=address,
                mode=UNIX_MODE_PUBLIC,
                trusted=self._trusted,
                proxy_line=server.proxy_protocol,
                http2=server.http2,
                shortcut=usable,
                names_in=names_in,
            )
            for address in server.listen
        ] + (self._acme.listeners if self._acme is not None else [])

    def listening(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Return the addresses that clients use; challenges can be answered from now on."""
        self._listening.set()
        if self._acme is None:
            return addresses
        ports = {each.address.rpartition(":")[2] for each in self._acme.listeners}
        return tuple(each for each in addresses if each.rpartition(":")[2] not in ports)

    def _make_acme(self, data: DataDirectory, random: Random) -> "Acme | None":
        server, clock, log = self._settings.server, self._clock, self._log
        if server.tls != "acme" or self._certificate is None or not self._leads:
            return None
        # Only who wants certificates from an authority waits for its client to be loaded.
        from .acme import Acme

        kept = data.acme_certificate
        return Acme(server, kept, self._certificate, clock=clock, random=random, log=log)

    def _raise_limits(self) -> None:
        """Warn when the files that may be open are too few."""
        allowed = raise_descriptor_limit()
        connections = self._settings.limits.connections
        needed = needed_descriptors(connections)
        if needed > allowed:
            self._log.warning(
                f"{connections} connections (limits.connections) may need {needed} open files, and "
                f"{allowed} are allowed: raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower "
                "limits.connections"
            )

    async def watch(self) -> None:
        """Look at the certificate's files again and again, and renew it, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            if self._acme is not None:
                await self._listening.wait()
                group.create_task(self._acme.run())

    async def _look(self) -> None:
        while self._certificate is not None:
            await self._clock.sleep(WATCH_SECONDS)
            self._certificate.refresh()
