"""TLS contexts, and a certificate of our own for `--tls auto`."""

import datetime
import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

VALID_DAYS = 825
RENEW_DAYS = 30
CERTIFICATE = "server.crt"
KEY = "server.key"

_ANY = ("*", "0.0.0.0", "::")  # noqa: S104 - names left out, not listened on
_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class CertificateUnusable(OSError):
    """A certificate and its key cannot be served; the message names the files and the mend."""


class _Context(ssl.SSLContext):
    """Remembers which protocols its server offers."""

    alpn: Iterable[str] = ()

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        self.alpn = [*alpn_protocols]
        super().set_alpn_protocols(self.alpn)


def server_context(certificate: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and 1.3. Raises `CertificateUnusable`.

    With `client_ca` clients may show a certificate of these authorities (RFC 8446 section 4.3.2).
    The handshake fails with any other, and with one that is over or for another purpose.
    """
    return _new_context(certificate, key, client_ca)


def _new_context(certificate: Path, key: Path, client_ca: Path | None) -> _Context:
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a word of ours OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:
        raise CertificateUnusable(_explain(error, certificate, key)) from error
    if client_ca is not None:
        _ask_clients(context, client_ca)
    return context


def _ask_clients(context: ssl.SSLContext, client_ca: Path) -> None:
    """Let clients show a certificate, in each handshake anew."""
    try:
        context.load_verify_locations(client_ca)
    except OSError as error:
        cause = (error.reason if isinstance(error, ssl.SSLError) else None) or error.strerror
        raise CertificateUnusable(
            f"{client_ca} (server.tls_client_ca) is no file of certificates in PEM: {cause}"
        ) from error
    context.verify_mode = ssl.CERT_OPTIONAL
    # What the file names is trusted, also where it is no root: so it can be narrow.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # A ticket would bring back what was verified once, when the certificate may be over, or its
    # authority not trusted any more.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0


def _explain(error: OSError, certificate: Path, key: Path) -> str:
    for path in (certificate, key):
        try:
            path.open("rb").close()
        except OSError as unreadable:
            return f"{path} cannot be read: {unreadable.strerror}"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return f"{key} is not the key of the certificate in {certificate}"
    if b"ENCRYPTED" in key.read_bytes():
        return f"{key} is encrypted: write it without a passphrase, readable by this user alone"
    cause = (error.reason if isinstance(error, ssl.SSLError) else None) or error.strerror or error
    return f"{certificate} and {key} are no certificate chain and key in PEM: {cause}"


class LiveContext:
    """A server's TLS context whose certificate can be changed while it is in use.

    `context` is for the listeners. Each connection gets the pair loaded last, whole: it is
    chosen in the handshake, whether or not the client names a host (RFC 6066 section 3).
    """

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Raises `CertificateUnusable`."""
        self.divert: Callable[[ssl.SSLObject, str | None], ssl.SSLContext | None] | None = None
        """Asked first, with the host's name: a context for a connection that is not a client's."""
        self.context = self._newest = _new_context(certificate, key, client_ca)
        self.context.sni_callback = self._choose

    def load(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Use others. Raises `CertificateUnusable`, and keeps the old ones then.

        Whether clients are asked for certificates at all stays as it was at first: OpenSSL takes
        that from the context that a connection began with.
        """
        newest = _new_context(certificate, key, client_ca)
        newest.set_alpn_protocols(self.context.alpn)
        self._newest = newest

    def _choose(
        self, connection: ssl.SSLObject, host: str | None, _context: ssl.SSLContext
    ) -> None:
        other = self.divert(connection, host) if self.divert is not None else None
        if other is not None:
            connection.context = other
        elif connection.context is not self._newest:
            connection.context = self._newest


def expires_at(certificate: Path) -> datetime.datetime:
    """Return when the first certificate of a PEM file ends. Raises OSError or ValueError."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def own_certificate(directory: Path, hosts: list[str], now: float) -> tuple[Path, Path]:
    """Return paths of a self-signed certificate and its key.

    Both are made new when missing, old, or not for all `hosts`; and when they cannot be read or
    do not belong together, as a crash between writing the two leaves them.
    """
    certificate, key = directory / CERTIFICATE, directory / KEY
    if not _is_usable(certificate, key, hosts, now):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(certificate, key, hosts, now)
    return certificate, key


def _is_usable(certificate: Path, key: Path, hosts: list[str], now: float) -> bool:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, TypeError, ValueError, x509.ExtensionNotFound):
        return False
    # This machine's own name does not count: a container has another one at each start.
    return (
        found.public_key() == private.public_key()
        and found.not_valid_after_utc.timestamp() > now + RENEW_DAYS * 86400
        and {*map(_alternative, _plain(hosts))} <= {*names}
    )


def _make(certificate: Path, key: Path, hosts: list[str], now: float) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    built = _signed(private, [_alternative(host) for host in _names(hosts)], now)
    pem = serialization.Encoding.PEM
    plain = private.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, plain, 0o600)
    _write(certificate, built.public_bytes(pem), 0o644)


def _signed(
    private: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName], now: float
) -> x509.Certificate:
    """Return a certificate that clients may trust as an authority, as most stores take no other.

    It is bound to its own names and to servers (RFC 5280 section 4.2.1.10): a stolen key must
    not open the rest of the web of those who trust it.
    """
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Entrepot registry")])
    start = datetime.datetime.fromtimestamp(now - 3600, datetime.UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([*map(_subtree, names)], None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(private, hashes.SHA256())
    )


def _names(hosts: list[str]) -> list[str]:
    return _plain(["localhost", "127.0.0.1", "::1", socket.gethostname(), *hosts])


def _plain(hosts: list[str]) -> list[str]:
    plain = (host.strip("[]").partition("%")[0] for host in hosts)
    return [*dict.fromkeys(host for host in plain if host and host not in _ANY)]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _subtree(name: x509.GeneralName) -> x509.GeneralName:
    """Return what a name is as a constraint: an address stands for a network."""
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ipaddress.ip_network(name.value))
    return name


def _write(path: Path, data: bytes, mode: int) -> None:
    temporary = path.with_name(path.name + ".new")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(file)
    temporary.replace(path)
