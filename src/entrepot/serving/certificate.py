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

    def __init__(self, find: Callable[[], Pair], log: Log) -> None:
        """Raises OSError (`tls.CertificateUnusable`) when it cannot be used."""
        self._find = find
        self._log = log
        pair = find()
        self._seen: Stamp | None = _stamp(pair)
        self._live = tls.LiveContext(*pair)

    @property
    def context(self) -> ssl.SSLContext:
        """What listeners take, once: it serves later pairs too."""
        return self._live.context

    def follow(self, find: Callable[[], Pair]) -> None:
        """Take the pair from other files from now on, if `refresh` can load them."""
        self._find = find

    def refresh(self) -> None:
        """Load the pair if its files are not those seen last; what is unusable is logged once.

        Between a new certificate and its key, which come one after the other, the old ones stay.
        """
        try:
            pair = self._find()
            stamp = _stamp(pair)
            if stamp == self._seen:
                return
            self._seen = stamp
            self._live.load(*pair)
            self._log.info(
                "certificate loaded", file=str(pair[0]), expires=str(tls.expires_at(pair[0]))
            )
        except (OSError, ValueError) as error:
            event = "certificate not loaded, the one before is served on"
            self._log.warning(event, cause=str(error))


def find_certificate(
    settings: Settings, data: DataDirectory, clock: Clock
) -> Callable[[], Pair] | None:
    """Return what finds the pair that the settings ask for; it renews one of our own."""
    server = settings.server
    if server.tls == "off":
        return None
    if server.tls == "files":
        return lambda: (Path(server.tls_cert), Path(server.tls_key))
    hosts = [
        address.rpartition(":")[0] for address in server.listen if not address.startswith("unix:")
    ]
    return lambda: tls.own_certificate(data.tls, hosts, clock.now())


def _stamp(pair: Pair) -> Stamp:
    """Return what changes with the files, also where links lead elsewhere. Raises OSError."""
    found = [path.stat() for path in pair]
    return tuple(
        number
        for one in found
        for number in (one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
    )
