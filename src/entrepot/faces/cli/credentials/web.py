"""Bounded HTTP to a registry, with docker's proxies and authorities."""

import http.client
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from entrepot import __version__
from entrepot.faces.cli.messages import _

from .names import CredentialError, is_loopback

PROGRAM = f"entrepot/{__version__}"
TIMEOUT_SECONDS = 15.0
ANSWER_MAX_BYTES = 1024 * 1024
AUTHORITIES = (
    "/etc/docker/certs.d",
    "/etc/containers/certs.d",
    "~/.config/containers/certs.d",
)
"""Where docker and podman look, below HOST:PORT, for authorities of one registry."""

# What people read, in one place.
NOT_REACHED = _("{host} cannot be reached: {reason}")
NOT_TRUSTED = _(
    "the certificate of {host} is not trusted ({reason}): put the certificate of its authority "
    "into /etc/docker/certs.d/{host}/ca.crt, where docker looks too, or name its file in "
    "SSL_CERT_FILE"
)
IS_PLAIN = _(
    "{host} speaks plain HTTP, which everyone on the way can read: give the server a certificate, "
    "or add --insecure if you trust the network"
)
TLS_FAILED = _("there is no safe connection to {host}: {reason}")
BAD_URL = _("{host} is not an address that can be reached")
BAD_AUTHORITY = _("{path} cannot be read as a certificate: {reason}")


class Unreachable(CredentialError):
    """Nobody answers there."""


class SpeaksPlainly(CredentialError):
    """The server answered in plain HTTP to TLS."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; at most `ANSWER_MAX_BYTES` of it."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Web:
    """Requests of one command. `insecure`: no certificate is checked, HTTP will do."""

    insecure: bool = False

    def may_speak_plainly(self, host: str) -> bool:
        """Whether passwords may go to a host without TLS."""
        return self.insecure or is_loopback(host)

    def get(self, url: str, headers: dict[str, str]) -> Answer:
        """GET, without following redirects. Raises `CredentialError`."""
        return self._ask(Request(url, None, headers, method="GET"))  # noqa: S310 - see _opener

    def post(self, url: str, form: dict[str, str]) -> Answer:
        """POST of a form. Raises `CredentialError`."""
        return self._ask(Request(url, urlencode(form).encode(), method="POST"))  # noqa: S310

    def _ask(self, request: Request) -> Answer:
        host = request.host
        request.add_header("User-Agent", PROGRAM)
        try:
            opener = _opener(host, is_secure=request.type == "https", insecure=self.insecure)
            answer: Any = opener.open(request, timeout=TIMEOUT_SECONDS)
            with answer:
                return Answer(answer.status, answer.headers, answer.read(ANSWER_MAX_BYTES))
        except URLError as error:
            reason = error.reason if isinstance(error.reason, Exception) else error
            raise _failure(host, reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise _failure(host, error) from error
        except ValueError as error:
            raise CredentialError(BAD_URL.format(host=host)) from error


def _opener(host: str, *, is_secure: bool, insecure: bool) -> OpenerDirector:
    """Return what speaks HTTP and HTTPS and nothing else; errors and redirects are answers."""
    opener = OpenerDirector()
    name = urlsplit(f"//{host}").hostname or ""
    opener.add_handler(ProxyHandler({} if is_loopback(name) else None))
    opener.add_handler(HTTPHandler())
    if is_secure:
        opener.add_handler(HTTPSHandler(context=_context(host, insecure=insecure)))
    return opener


def _context(host: str, *, insecure: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    for path in _authorities(host):
        try:
            context.load_verify_locations(path)
        except OSError as error:
            raise CredentialError(BAD_AUTHORITY.format(path=path, reason=error)) from error
    return context


def _authorities(host: str) -> Iterable[Path]:
    for directory in AUTHORITIES:
        with suppress(OSError, RuntimeError):
            yield from sorted((Path(directory).expanduser() / host).glob("*.crt"))


def _failure(host: str, reason: Exception) -> CredentialError:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return CredentialError(NOT_TRUSTED.format(host=host, reason=reason.verify_message))
    if isinstance(reason, ssl.SSLError):
        if reason.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
            return SpeaksPlainly(IS_PLAIN.format(host=host))
        return CredentialError(TLS_FAILED.format(host=host, reason=reason.reason))
    text = str(getattr(reason, "strerror", None) or reason) or type(reason).__name__
    return Unreachable(NOT_REACHED.format(host=host, reason=text))
