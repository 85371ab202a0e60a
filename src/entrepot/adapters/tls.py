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

VALID_DAYS = 825
RENEW_DAYS = 30
CERTIFICATE = "server.crt"
KEY = "server.key"

_ANY = ("*", "0.0.0.0", "::")  # noqa: S104 - names left out, not listened on


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and 1.3. Raises OSError or ssl.SSLError for unusable files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


def own_certificate(directory: Path, hosts: list[str], now: float) -> tuple[Path, Path]:
    """Return paths of a self-signed certificate and its key, made new when missing or old."""
    certificate, key = directory / CERTIFICATE, directory / KEY
    if not _is_usable(certificate, key, now):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(certificate, key, hosts, now)
    return certificate, key


def _is_usable(certificate: Path, key: Path, now: float) -> bool:
    if not (certificate.exists() and key.exists()):
        return False
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return ends.timestamp() > now + RENEW_DAYS * 86400


def _make(certificate: Path, key: Path, hosts: list[str], now: float) -> None:
    names = [_alternative(host) for host in _names(hosts)]
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Entrepot registry")])
    start = datetime.datetime.fromtimestamp(now - 3600, datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = private.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, plain, 0o600)
    _write(certificate, built.public_bytes(pem), 0o644)


def _names(hosts: list[str]) -> list[str]:
    wanted = ["localhost", "127.0.0.1", "::1", socket.gethostname(), *hosts]
    plain = (host.strip("[]") for host in wanted)
    return [*dict.fromkeys(host for host in plain if host and host not in _ANY)]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, data: bytes, mode: int) -> None:
    temporary = path.with_name(path.name + ".new")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(file)
    temporary.replace(path)
