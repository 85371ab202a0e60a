"""Certificates of clients for tests: an authority, and what it signs."""

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Names = tuple[x509.GeneralName, ...]
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class Client:
    """PEM files of a client, and its certificate."""

    certificate: Path
    key: Path
    found: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.found.public_bytes(Encoding.DER)

    def context(self, server: Path) -> ssl.SSLContext:
        """Return a client's context that shows the certificate and trusts one of a server."""
        context = ssl.create_default_context(cafile=server)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Signs certificates of clients; `file` is what the server is told to trust."""

    def __init__(self, folder: Path, name: str = "clients") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"{name}.ca.pem"
        self._folder = folder
        self._name = _cn(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        built = self._begin(self._name, self._key, timedelta(hours=1)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def client(
        self,
        *common: str,
        names: Names = (),
        life: timedelta = timedelta(hours=1),
        purpose: x509.ObjectIdentifier = CLIENT,
    ) -> Client:
        """Return one with these common names and alternative names, from an hour ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._begin(_cn(*common), key, life).add_extension(
            x509.ExtendedKeyUsage([purpose]), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        found = builder.sign(self._key, hashes.SHA256())
        stem = self._folder / f"{found.serial_number:x}"
        client = Client(stem.with_suffix(".cert"), stem.with_suffix(".key"), found)
        client.certificate.write_bytes(found.public_bytes(Encoding.PEM))
        client.key.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
        return client

    def _begin(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + life)
        )


def _cn(*values: str) -> x509.Name:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are no good: tests want them
        attributes = [
            x509.NameAttribute(NameOID.COMMON_NAME, value, _validate=False) for value in values
        ]
    # Each in a set of its own, as authorities write them.
    return x509.Name([x509.RelativeDistinguishedName([one]) for one in attributes])
