"""Keys with certificate chains for tests: an authority, and a leaf that it signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files: a key, its chain, and the authority that others trust."""

    key: Path
    certs: Path
    root: Path


def ec_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int = 2048) -> PrivateKey:
    return rsa.generate_private_key(65537, bits)


def write_chain(folder: Path, key: PrivateKey, *, at: datetime | None = None) -> Files:
    """Write a key with a certificate of a new authority, valid for an hour around `at`."""
    at = at or datetime.now(UTC)
    authority = ec_key()
    root = certificate("authority", authority, "authority", authority, at)
    leaf = certificate("tokens", key, "authority", authority, at)
    files = Files(folder / "token.key", folder / "token.pem", folder / "root.pem")
    files.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    files.certs.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, root)))
    files.root.write_bytes(root.public_bytes(Encoding.PEM))
    return files


def certificate(
    name: str, key: PrivateKey, issuer: str, signer: PrivateKey, at: datetime
) -> x509.Certificate:
    """Return a certificate that is valid for an hour around `at`."""
    is_authority = name == issuer
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=30))
        .not_valid_after(at + timedelta(minutes=30))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
