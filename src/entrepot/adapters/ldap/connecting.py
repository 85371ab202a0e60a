"""From a URL to a connection on which nobody is bound yet."""

import socket
import ssl
from typing import Any

from ldap3 import NONE, SYNC, Connection, Server
from ldap3.core.exceptions import LDAPExceptionError
from pyasn1.error import PyAsn1Error

from entrepot.settings import Ldap

from .entries import shown
from .sockets import BoundedSocket, CheckedTls

PORTS = {"ldap": 389, "ldaps": 636}
ADDRESSES_MAX = 4
"""Of one host name, tried one after the other."""
# What ldap3 and pyasn1 raise for connections that break, and for answers that are none.
BROKEN = (LDAPExceptionError, PyAsn1Error, OSError, ValueError, TypeError, IndexError, KeyError)


class Unreachable(Exception):
    """One server cannot be asked; another may be. The message says which and why."""


def connect(url: str, ldap: Ldap, context: ssl.SSLContext) -> Connection:
    """Return a connection, encrypted where the settings say so. Raises `Unreachable`."""
    scheme, _, authority = url.rstrip("/").partition("://")
    host, port = _host_port(authority, PORTS[scheme])
    reason = "its name has no address: see whether it is spelled right, and DNS"
    for address in _addresses(host, port):
        tls = CheckedTls(context, host, seconds=ldap.connect_seconds)
        # By number: ldap3 leaves a socket open for each address that it tries in vain.
        server = Server(
            address,
            port,
            use_ssl=scheme == "ldaps",
            get_info=NONE,
            tls=tls,
            connect_timeout=ldap.connect_seconds,
        )
        connection = _new(server)
        try:
            _open(connection, ldap)
        except BROKEN as error:
            close(connection)
            reason = why_not(tls.failure or error)
        else:
            return connection
    raise Unreachable(f"{url}: {reason}")


def close(connection: Connection) -> None:
    """Leave, without a word: servers know what a closed connection means."""
    # ldap3 forgets the socket of a connection that it could not open.
    left: Any = connection.socket
    connection.strategy.close()
    if left is not None:
        left.close()


def why_not(error: Exception) -> str:
    """Return what broke a connection, and what to do if that is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}): name the PEM file of its "
            "authority in ldap.ca, and the server as its certificate does in ldap.url"
        )
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return shown(str(error) or type(error).__name__)


def _new(server: Server) -> Connection:
    return Connection(
        server,
        client_strategy=SYNC,
        auto_referrals=False,
        auto_range=False,
        auto_escape=False,
        check_names=False,
        read_only=True,
    )


def _open(connection: Connection, ldap: Ldap) -> None:
    connection.open(read_server_info=False)
    if ldap.start_tls:
        connection.socket = BoundedSocket(connection.socket, seconds=ldap.connect_seconds)
        connection.start_tls(read_server_info=False)
        if not connection.tls_started:
            raise OSError("it does not agree on StartTLS")
    connection.socket = BoundedSocket(connection.socket, seconds=ldap.answer_seconds)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [*dict.fromkeys(str(each[4][0]) for each in found)][:ADDRESSES_MAX]


def _host_port(authority: str, port: int) -> tuple[str, int]:
    """Split what `settings.ldap` has checked."""
    host, colon, digits = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority.strip("[]"), port
    return host.strip("[]"), int(digits)
