"""TLS contexts, and a certificate of our own for `--tls auto`."""

import datetime
import ipaddress
import os
import socket
import ssl
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


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and 1.3. Raises OSError or ssl.SSLError for unusable files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


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
