"""The TLS context that the settings ask for."""

import ssl
from pathlib import Path

from entrepot.adapters import tls
from entrepot.adapters.datadir import DataDirectory
from entrepot.ports.clock import Clock
from entrepot.settings import Settings


def tls_context(
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
