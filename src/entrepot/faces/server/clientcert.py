"""Who is at the other end of a TLS connection, by their certificate."""

import asyncio
import math
import ssl
import time
import warnings
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from entrepot.rules.certificates import Certificate, NameIn, read_certificate, unusable

EXPIRED = unusable("it has expired while the connection was open")
RESUMED = unusable("it was shown to an earlier connection, which this one resumes")
UNREADABLE = unusable("it cannot be read")

# What `cryptography` raises for what OpenSSL let pass.
_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A certificate that was verified in the handshake, and when it ends (seconds since 1970)."""

    shown: Certificate
    ends_at: float

    def now(self) -> Certificate:
        """Return what it says now: connections may be open for longer than it is valid."""
        return self.shown if time.time() <= self.ends_at else EXPIRED


def peer_certificate(
    transport: asyncio.BaseTransport, where: NameIn | None
) -> PeerCertificate | None:
    """Return what the client's certificate says; None without one, and where none is asked for.

    OpenSSL has verified chain, times and purpose, as the context says: without a good one there
    is no connection. What a resumed session says was verified long ago, maybe under other
    authorities, and is not believed.
    """
    if where is None:
        return None
    session: Any = transport.get_extra_info("ssl_object")
    if session is None or session.context.verify_mode is ssl.CERT_NONE:
        return None
    encoded = session.getpeercert(binary_form=True)
    if encoded is None:
        return None
    if session.session_reused:
        return PeerCertificate(RESUMED, math.inf)
    return read_peer(encoded, where)


def read_peer(encoded: bytes, where: NameIn) -> PeerCertificate:
    """Return what a certificate in DER says; it may hold anything."""
    try:
        return _read(encoded, where)
    except _UNREADABLE:
        return PeerCertificate(UNREADABLE, math.inf)


def _read(encoded: bytes, where: NameIn) -> PeerCertificate:
    with warnings.catch_warnings():
        # Of names shorter or longer than they should be, on which the rule has its own word.
        warnings.simplefilter("ignore")
        found = x509.load_der_x509_certificate(encoded)
        ends_at = found.not_valid_after_utc.timestamp()
        return PeerCertificate(read_certificate(_values(found, where), where), ends_at)


def _values(found: x509.Certificate, where: NameIn) -> list[Any]:
    if where is NameIn.CN:
        return [one.value for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    kind = x509.DNSName if where is NameIn.DNS else x509.RFC822Name
    return names.get_values_for_type(kind)
