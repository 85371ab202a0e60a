"""`tls = "acme"`: a certificate is got, and renewed in good time."""

import asyncio
from pathlib import Path

from entrepot.adapters.acme import (
    AcmeError,
    AlpnResponder,
    HttpResponder,
    HttpsTransport,
    Issued,
    Issuer,
    Request,
    Store,
)
from entrepot.adapters.logging import Log
from entrepot.faces.challenge import challenge_app, https_base
from entrepot.faces.server import Listener
from entrepot.ports.clock import Clock, Random
from entrepot.rules.renewal import renew_at, rest_seconds, retry_seconds
from entrepot.settings import Server

from .certificate import Certificate

LOOK_SECONDS = 6 * 3600.0
"""How often the authority is asked when it would have its certificate renewed (ARI)."""


class Renewal:
    """Keeps a certificate fresh; it goes live as soon as it is there."""

    def __init__(
        self,
        issuer: Issuer,
        store: Store,
        certificate: Certificate,
        hosts: frozenset[str],
        *,
        clock: Clock,
        random: Random,
        log: Log,
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._certificate = certificate
        self._hosts = hosts
        self._clock = clock
        self._random = random
        self._log = log

    async def run(self) -> None:
        """Work until cancelled; what fails is logged and tried again later."""
        failures = 0
        chance = self._chance()
        while True:
            try:
                wait = await self._due_seconds(chance)
                if wait <= 0:
                    wait = await self._renew()
                    chance = self._chance()
                failures = 0
            except asyncio.CancelledError:
                raise
            except (AcmeError, OSError) as error:
                failures += 1
                wait = self._told(failures, error)
            except Exception as error:
                # A fault of ours, or an answer nobody thought of, must not end all renewing.
                self._log.exception("no certificate: this is a fault in Entrepot")
                failures += 1
                wait = self._told(failures, error)
            await self._clock.sleep(wait)

    async def _renew(self) -> float:
        """Get a new certificate; return how long not to look at it."""
        self._log.info("certificate ordered", hosts=sorted(self._hosts))
        issued = await self._issuer.obtain()
        if issued.ends <= self._clock.now():
            raise AcmeError("the new certificate is over already: is this machine's clock right?")
        self._certificate.refresh()
        return rest_seconds(issued.ends, self._clock.now(), LOOK_SECONDS)

    async def _due_seconds(self, chance: float) -> float:
        """Return when to look again; 0 or less when there must be a new one now."""
        issued = self._store.issued()
        if issued is None or not self._hosts <= issued.hosts:
            return 0.0
        window = await self._window(issued)
        at = renew_at(issued.starts, issued.ends, chance=chance, window=window)
        return min(at - self._clock.now(), LOOK_SECONDS)

    async def _window(self, issued: Issued) -> tuple[float, float] | None:
        try:
            return await self._issuer.window(issued)
        except AcmeError as error:
            # Only advice; without it the certificate's own lifetime says when.
            self._log.debug("no renewal window", cause=str(error))
            return None

    def _told(self, failures: int, error: Exception) -> float:
        asked = error.wait_seconds if isinstance(error, AcmeError) else 0.0
        wait = retry_seconds(failures, chance=self._chance(), asked_seconds=asked)
        self._log.warning(
            "no certificate this time, the one before is served on",
            cause=str(error),
            failures=failures,
            next_try_seconds=round(wait),
        )
        return wait

    def _chance(self) -> float:
        return int(self._random.token()[:8], 16) / (1 << 32)


class Acme:
    """What the settings of `server.acme_...` make of a server."""

    def __init__(
        self,
        server: Server,
        kept: Path,
        certificate: Certificate,
        *,
        clock: Clock,
        random: Random,
        log: Log,
    ) -> None:
        """`kept` is where the certificate will be, and the account beside. Raises OSError."""
        self.listeners: list[Listener] = []
        store = Store(kept)
        hosts = tuple(host.lower() for host in server.acme_hosts)
        responder: AlpnResponder | HttpResponder
        try:
            transport = HttpsTransport(Path(server.acme_root) if server.acme_root else None)
            if server.acme_challenge == "tls-alpn-01":
                responder = AlpnResponder(certificate.context, clock)
                certificate.divert(responder.choose)
            else:
                responder = HttpResponder()
                base = https_base(hosts, server.listen, server.public_url)
                app = challenge_app(responder.answer, base)
                self.listeners.append(Listener(address=server.acme_http_listen, app=app, tls=False))
        except AcmeError as error:
            raise OSError(str(error)) from error
        request = Request(
            server.acme_directory,
            hosts,
            (f"mailto:{server.acme_email}",) if server.acme_email else (),
            (server.acme_eab_kid, server.acme_eab_key) if server.acme_eab_kid else None,
        )
        issuer = Issuer(request, store, transport=transport, responder=responder, clock=clock)
        self._renewal = Renewal(
            issuer, store, certificate, frozenset(hosts), clock=clock, random=random, log=log
        )
        if store.issued() is None:
            log.warning(
                "there is no certificate yet: one of our own is served until it comes",
                hosts=sorted(hosts),
                authority=server.acme_directory,
            )

    async def run(self) -> None:
        """Get certificates until cancelled; start it when the listeners are there."""
        await self._renewal.run()
