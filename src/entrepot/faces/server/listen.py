"""Listening sockets: what an address means, and clear words when it cannot be had."""

import errno
import ipaddress
import os
import socket
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from entrepot.faces.asgi import App
from entrepot.faces.shortcut import Shortcut
from entrepot.rules.certificates import NameIn

from .trust import TrustedProxies

SAME_PORT_TRIES = 20
"""For port 0 on two addresses: how often a free port of the first may be taken on the second."""
UNIX_MODE = 0o600
UNIX_MODE_PUBLIC = 0o666
"""As with a port on loopback, anyone here may connect; the directory's mode can narrow it."""
AIRPLAY_PORTS = frozenset({5000, 7000})
UNIX_PATH_MAX_BYTES = 103 if sys.platform == "darwin" else 107
_UNIX_PREFIX = "unix:"
_NO_SUCH_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class ListenError(Exception):
    """An address cannot be listened on; the message names it and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One address to serve, with an application of its own or (None) the server's.

    `address` is `HOST:PORT` (a name, IPv4 or `[IPv6]`; `localhost` means 127.0.0.1 and ::1),
    `:PORT` or `*:PORT` (all IPv4 and IPv6 addresses), or `unix:PATH`. Port 0 takes a free one.
    `tls` says whether the server's TLS context applies, if it has one; never to `unix:`.
    `http2` offers HTTP/2 beside HTTP/1.1 in TLS handshakes, with the context to all listeners.
    `mode` is that of a Unix socket's file. Connections of `trusted` peers are not counted by
    address, and with `proxy_line` each begins with a PROXY header; other peers are closed then.
    `shortcut` is asked first, for requests of all but trusted peers. `bound` are its sockets, where
    that was done before. `names_in` is where the client certificates that the TLS context asks for
    have the client's name, at all listeners.
    """

    address: str
    app: App | None = None
    tls: bool = True
    http2: bool = False
    mode: int = UNIX_MODE
    trusted: TrustedProxies | None = None
    proxy_line: bool = False
    shortcut: Shortcut | None = None
    names_in: NameIn | None = None
    bound: tuple["BoundSocket", ...] = ()


@dataclass(frozen=True, slots=True)
class BoundSocket:
    """A bound socket, not listening yet; `path` for a Unix socket."""

    sock: socket.socket
    address: str
    path: Path | None = None
    inode: int = 0

    def remove(self) -> None:
        """Remove the Unix socket's file, unless it is another server's by now."""
        if self.path is None:
            return
        try:
            if self.path.lstat().st_ino == self.inode:
                self.path.unlink()
        except FileNotFoundError:
            pass


def bind(address: str, *, unix_mode: int = UNIX_MODE) -> list[BoundSocket]:
    """Bind all sockets an address stands for. Raises ListenError; nothing stays bound then."""
    if address.startswith(_UNIX_PREFIX):
        return [_bind_unix(Path(address.removeprefix(_UNIX_PREFIX)), unix_mode)]
    host, port = split_address(address)
    for attempt in range(SAME_PORT_TRIES):
        try:
            return _bind_hosts(_hosts(host), port)
        except ListenError as error:
            cause = error.__cause__
            taken = isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE
            if port != 0 or not taken or attempt == SAME_PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable")


def bind_beside(one: BoundSocket) -> BoundSocket:
    """Bind the address of a `deal` once more: the kernel deals connections out to all that listen.

    Raises ListenError. The socket does not listen yet.
    """
    host, port = split_address(one.address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return BoundSocket(_bind_tcp(family, host, port, several=True), one.address)
    except OSError as error:
        raise ListenError(_explain(error, host, port)) from error


def deal(one: BoundSocket) -> BoundSocket:
    """Bind a TCP address anew, so that `bind_beside` can; `one` is closed. Raises ListenError.

    Binding as usual comes first, as it finds out who has the address already.
    """
    one.sock.close()
    return bind_beside(one)


def split_address(address: str) -> tuple[str, int]:
    """`HOST:PORT` into its parts, the host without brackets, `*` as an empty one."""
    host, colon, digits = address.rpartition(":")
    if not colon or not digits.isascii() or not digits.isdecimal() or int(digits) > 65535:
        raise ListenError(f"{address!r} is no address to listen on: write HOST:PORT or unix:PATH")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ListenError(f"{address!r}: write an IPv6 address in brackets, [{host}]:{digits}")
    return ("" if host == "*" else host), int(digits)


def _hosts(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host in ("", "localhost"):
        four, six = ("127.0.0.1", "::1") if host else ("0.0.0.0", "::")  # noqa: S104 - asked for
        return [(socket.AF_INET, four), (socket.AF_INET6, six)]
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return _resolve(host)
    return [(socket.AF_INET if version == 4 else socket.AF_INET6, host)]


def _resolve(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"cannot listen on {host!r}: no address is known for that name; use an IP address"
        ) from error
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))


def _bind_hosts(hosts: list[tuple[socket.AddressFamily, str]], port: int) -> list[BoundSocket]:
    bound: list[BoundSocket] = []
    try:
        for family, host in hosts:
            try:
                sock = _bind_tcp(family, host, port)
            except OSError as error:
                # A machine without IPv6 (or IPv4) still serves on the other.
                if error.errno in _NO_SUCH_FAMILY and len(hosts) > 1 and host != hosts[0][1]:
                    continue
                raise ListenError(_explain(error, host, port)) from error
            port = sock.getsockname()[1]
            bound.append(BoundSocket(sock, _show(host, port)))
    except BaseException:
        for one in bound:
            one.sock.close()
        raise
    return bound


def _bind_tcp(
    family: socket.AddressFamily, host: str, port: int, *, several: bool = False
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if several:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        if not several:
            # In use shows only here when another socket is bound but not to exactly this address.
            sock.listen(1)
    except BaseException:
        sock.close()
        raise
    return sock


def _show(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _explain(error: OSError, host: str, port: int) -> str:
    where = _show(host, port)
    if error.errno == errno.EADDRINUSE:
        if sys.platform == "darwin" and port in AIRPLAY_PORTS:
            return (
                f"{where} is in use, on macOS most likely by the AirPlay Receiver: turn it off in "
                "System Settings > General > AirDrop & Handoff, or listen on another port"
            )
        return f"{where} is in use by another program: stop that one, or listen on another port"
    if error.errno == errno.EACCES:
        return f"{where} may not be taken by this user: use a port above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{where} is no address of this machine: use one that is, or :{port} for all"
    return f"cannot listen on {where}: {error.strerror}"


def _bind_unix(path: Path, mode: int) -> BoundSocket:
    """Bind under a name nobody else can reach, set the mode, and move it into place."""
    if len(os.fsencode(path)) > UNIX_PATH_MAX_BYTES:
        raise ListenError(
            f"cannot listen on {path}: a socket's path has at most {UNIX_PATH_MAX_BYTES} bytes; "
            "use a shorter one"
        )
    _check_free(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(0)
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as private:
            hidden = Path(private) / "s"
            sock.bind(str(hidden))
            hidden.chmod(mode)
            inode = hidden.lstat().st_ino
            hidden.rename(path)
    except OSError as error:
        sock.close()
        reason = error.strerror or str(error)  # a path too long is an OSError without errno
        raise ListenError(
            f"cannot listen on {path}: {reason}; use a short path in a directory this user owns"
        ) from error
    return BoundSocket(sock, f"{_UNIX_PREFIX}{path}", path, inode)


def _check_free(path: Path) -> None:
    """Raise ListenError unless the path is free or a dead server's socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ListenError(f"cannot listen on {path}: {error.strerror}") from error
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"{path} exists and is no socket: remove it, or use another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        except OSError as error:
            raise ListenError(f"cannot listen on {path}: {error.strerror}") from error
    raise ListenError(f"{path} is in use by another server: stop that one, or use another path")
