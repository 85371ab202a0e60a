"""The certificate in use: found, loaded, and loaded again when it changes."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from entrepot.adapters import tls
from entrepot.adapters.datadir import DataDirectory
from entrepot.ports.clock import Clock
from entrepot.settings import Settings

Pair = tuple[Path, Path]
"""A certificate chain's file and its key's."""
Stamp = tuple[int, ...]


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


class Certificate:
    """The pair that is served. Tools that renew certificates just put others in its place."""

    def __init__(self, find: Callable[[], Pair], log: Log, client_ca: Path | None = None) -> None:
        """Raises OSError (`tls.CertificateUnusable`) when it cannot be used.

        `client_ca` holds the authorities of client certificates, where these are asked for.
        """
        self._find = find
        self._client_ca = client_ca
        self._log = log
        pair = find()
        self._seen: Stamp | None = _stamp(pair, client_ca)
        self._live = tls.LiveContext(*pair, client_ca)

    @property
    def context(self) -> ssl.SSLContext:
        """What listeners take, once: it serves later pairs too."""
        return self._live.context

    def divert(self, choose: Callable[[ssl.SSLObject, str | None], ssl.SSLContext | None]) -> None:
        """Let `choose` name another context for connections that are not those of clients."""
        self._live.divert = choose

    def follow(self, find: Callable[[], Pair], client_ca: Path | None = None) -> None:
        """Take the certificates from other files from now on, if `refresh` can load them."""
        self._find = find
        self._client_ca = client_ca

    def refresh(self) -> None:
        """Load the files if they are not those seen last; what is unusable is logged once.

        Between a new certificate and its key, which come one after the other, the old ones stay.
        """
        try:
            pair = self._find()
            stamp = _stamp(pair, self._client_ca)
            if stamp == self._seen:
                return
            self._seen = stamp
            self._live.load(*pair, self._client_ca)
            self._log.info(
                "certificate loaded", file=str(pair[0]), expires=str(tls.expires_at(pair[0]))
            )
        except (OSError, ValueError) as error:
            event = "certificate not loaded, the one before is served on"
            self._log.warning(event, cause=str(error))


def client_ca(settings: Settings) -> Path | None:
    """Return the file of authorities whose client certificates are taken, if any are."""
    return Path(settings.server.tls_client_ca) if settings.server.tls_client_ca else None


def find_certificate(
    settings: Settings, data: DataDirectory, clock: Clock, *, may_make: bool = True
) -> Callable[[], Pair] | None:
    """Return what finds the pair that the settings ask for; it renews one of our own.

    Unless it `may_make` one: then another process does.
    """
    server = settings.server
    if server.tls == "off":
        return None
    if server.tls == "files":
        return lambda: (Path(server.tls_cert), Path(server.tls_key))
    hosts = [
        address.rpartition(":")[0] for address in server.listen if not address.startswith("unix:")
    ]

    def own() -> Pair:
        if not may_make:
            return data.tls / tls.CERTIFICATE, data.tls / tls.KEY
        return tls.own_certificate(data.tls, [*hosts, *server.acme_hosts], clock.now())

    return (lambda: _got(data.acme_certificate) or own()) if server.tls == "acme" else own


def _got(kept: Path) -> Pair | None:
    """Return the pair that an authority gave us, if it is there and can be served."""
    try:
        tls.server_context(kept, kept)
    except tls.CertificateUnusable:
        return None
    return kept, kept


def _stamp(pair: Pair, authorities: Path | None) -> Stamp:
    """Return what changes with the files, also where links lead elsewhere. Raises OSError."""
    found = [path.stat() for path in (*pair, authorities) if path is not None]
    return tuple(
        number
        for one in found
        for number in (one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
    )
