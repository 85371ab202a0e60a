"""Answers to `tls-alpn-01` challenges (RFC 8737) on the server's own TLS port."""

import datetime
import ssl
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from entrepot.ports.clock import Clock

from .errors import AcmeError
from .signing import digest

PROTOCOL = "acme-tls/1"

_ALPN = 16
_CLIENT_HELLO = 1
_VALID_SECONDS = 3600
_EXTENSION = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
_OCTETS_32 = b"\x04\x20"
"""The head of an OCTET STRING of 32 bytes in DER."""


class AlpnResponder:
    """Gives connections that ask for nothing but `acme-tls/1` the certificate that proves a host.

    All others go on as ever. OpenSSL settles ALPN after the host's name, so that what the client
    offers must be known before: it is read from the ClientHello, by the callback that Python has
    for debugging, and only while a challenge is under way.
    """

    kind = "tls-alpn-01"

    def __init__(self, context: ssl.SSLContext, clock: Clock) -> None:
        """`context` is that of the listeners. Raises `AcmeError` where that cannot be."""
        if not hasattr(context, "_msg_callback"):
            raise AcmeError(
                "server.acme_challenge: this Python's ssl module cannot do tls-alpn-01; use http-01"
            )
        self._context: Any = context
        self._clock = clock
        self._proofs: dict[str, ssl.SSLContext] = {}
        self._asking: weakref.WeakSet[Any] = weakref.WeakSet()

    def present(self, host: str, _token: str, authorization: str) -> None:
        """Answer for a host from now on. Raises OSError."""
        self._proofs[host.lower()] = _proof(host, digest(authorization), self._clock.now())
        self._context._msg_callback = self._look  # noqa: SLF001 - see above

    def withdraw(self, host: str, _token: str) -> None:
        """Answer no more."""
        self._proofs.pop(host.lower(), None)
        if not self._proofs:
            self._context._msg_callback = None  # noqa: SLF001 - see above

    def choose(self, connection: ssl.SSLObject, host: str | None) -> ssl.SSLContext | None:
        """Return the context for a connection of the authority, None for all others."""
        if connection not in self._asking:
            return None
        return self._proofs.get((host or "").lower())

    def _look(
        self, connection: Any, direction: str, _version: Any, _content: Any, kind: Any, data: bytes
    ) -> None:
        if direction == "read" and kind == _CLIENT_HELLO and offered(data) == [PROTOCOL.encode()]:
            self._asking.add(connection)


def offered(hello: bytes) -> list[bytes]:
    """Return the protocols of a ClientHello's ALPN extension (RFC 8446 4.1.2, RFC 7301 3.1).

    Nothing for what is cut short or none: OpenSSL refuses that itself.
    """
    try:
        at = 4 + 2 + 32  # type and length, version, random
        at += 1 + hello[at]  # session id
        at += 2 + int.from_bytes(hello[at : at + 2], "big")  # cipher suites
        at += 1 + hello[at]  # compression
        at += 2  # length of all extensions
        while at + 4 <= len(hello):
            kind, length = (int.from_bytes(hello[i : i + 2], "big") for i in (at, at + 2))
            if kind == _ALPN:
                return [*_names(hello[at + 6 : at + 4 + length])]
            at += 4 + length
    except IndexError:
        pass
    return []


def _names(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = data[at]
        yield data[at + 1 : at + 1 + length]
        at += 1 + length


def _proof(host: str, proved: bytes, now: float) -> ssl.SSLContext:
    """Return a context with the certificate of RFC 8737 section 3."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Entrepot challenge")])
    start = datetime.datetime.fromtimestamp(now - 60, datetime.UTC)
    extension = x509.UnrecognizedExtension(_EXTENSION, _OCTETS_32 + proved)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(seconds=_VALID_SECONDS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(extension, critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = private.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([PROTOCOL])
    # OpenSSL takes certificates from files only, as far as Python passes it on.
    with tempfile.TemporaryDirectory() as private_directory:
        file = Path(private_directory) / "proof.pem"
        file.touch(0o600)
        file.write_bytes(key + built.public_bytes(pem))
        context.load_cert_chain(file)
    return context
