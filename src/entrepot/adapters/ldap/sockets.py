"""TLS as Python's `ssl` checks it, and sockets that end: in time and in bytes.

ldap3's own checks of host names know no addresses and no internationalised names, its TLS sends no
server name, and its timeouts begin anew with each packet.
"""

import socket
import ssl
import time
from typing import Any, Protocol

from ldap3 import Tls

RECEIVED_MAX_BYTES = 2 << 20
"""Of all answers to one login: a thousand groups are some 300 KiB."""


class Socket(Protocol):
    """What ldap3 uses of one."""

    def settimeout(self, value: float | None, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...
    def shutdown(self, how: int, /) -> None: ...
    def close(self) -> None: ...


class BoundedSocket:
    """Fails with an OSError once the time is up, or more than the bytes have come."""

    def __init__(self, inner: Socket, *, seconds: float) -> None:
        self._inner = inner
        self._deadline = time.monotonic() + seconds
        self._left_bytes = RECEIVED_MAX_BYTES

    def recv(self, size: int) -> bytes:
        self._inner.settimeout(self._left_seconds())
        data = self._inner.recv(size)
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise OSError(f"it answers with more than {RECEIVED_MAX_BYTES >> 20} MiB")
        if not data:
            # ldap3 would ask again and again.
            raise OSError("it has closed the connection")
        return data

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(self._left_seconds())
        self._inner.sendall(data)

    def shutdown(self, how: int) -> None:
        self._inner.shutdown(how)

    def close(self) -> None:
        self._inner.close()

    def unwrapped(self) -> Socket:
        return self._inner

    def _left_seconds(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it does not answer in time")
        return left


class CheckedTls(Tls):
    """For one connection. Certificate and host name are checked, or the connection fails."""

    def __init__(self, context: ssl.SSLContext, host: str, *, seconds: float) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._host = host
        self._seconds = seconds
        self.failure: OSError | None = None
        """What went wrong: ldap3 keeps only its text."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - ldap3's
        """See `Tls`; the handshake is always made here."""
        plain: Any = connection.socket
        if isinstance(plain, BoundedSocket):
            plain = plain.unwrapped()
        plain.settimeout(self._seconds)
        # The end of the handshake and the first question would wait for each other, for 40 ms.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.socket = self._context.wrap_socket(plain, server_hostname=self._host)
        except OSError as error:
            self.failure = error
            raise


def client_context(ca: str) -> ssl.SSLContext:
    """Return a context that trusts a PEM file's authorities, or the system's. Raises OSError."""
    return ssl.create_default_context(cafile=ca or None)
