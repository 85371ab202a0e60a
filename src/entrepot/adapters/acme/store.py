"""What is kept: the account's key and the certificate itself."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .signing import AccountKey, base64url

FILE_MAX_BYTES = 1 << 20
CHAIN_BYTES = 16 * 1024
"""More than a chain takes."""
_TEMPORARY = ".new-"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as far as renewing it goes; times are seconds since the epoch.

    `identifier` is what ARI calls it (RFC 9773 section 4.1), empty if it has none.
    """

    hosts: frozenset[str]
    starts: float
    ends: float
    identifier: str = ""


class Store:
    """A directory of its own, for this process's user alone."""

    def __init__(self, certificate: Path) -> None:
        """`certificate` holds key and chain in one file, so that they always belong together."""
        self._directory = certificate.parent
        self.certificate = certificate
        # Of a process that was killed while it wrote.
        for left in self._directory.glob(f"{_TEMPORARY}*"):
            left.unlink(missing_ok=True)

    def account(self, directory_url: str) -> AccountKey:
        """Return the key for one authority, made now if there is none. Raises OSError."""
        name = hashlib.sha256(directory_url.encode()).hexdigest()[:16]
        path = self._directory / f"account-{name}.pem"
        try:
            return AccountKey(path.read_bytes())
        except FileNotFoundError:
            pem = AccountKey.new_pem()
            self._write(path, pem)
            return AccountKey(pem)
        except ValueError as error:
            raise OSError(f"{path} is no key: remove it, and a new account is made") from error

    def rehearse(self, key: bytes) -> None:
        """Write a pair that is not there yet. Raises OSError.

        Authorities count the certificates of a name: none is to be ordered in vain for a disk that
        is full or read-only.
        """
        rehearsed = self.certificate.with_name("next.pem")
        self._write(rehearsed, key + bytes(CHAIN_BYTES))
        rehearsed.unlink()

    def keep(self, key: bytes, chain: bytes) -> None:
        """Put a new pair (PEM) in place of the old one. Raises OSError."""
        self._write(self.certificate, key + chain)

    def issued(self) -> Issued | None:
        """Return what is kept; None if there is nothing that could be used. Raises OSError."""
        try:
            with self.certificate.open("rb") as stream:
                pem = stream.read(FILE_MAX_BYTES)
            key = serialization.load_pem_private_key(pem, None)
            return read_issued(pem, key)
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write(self, path: Path, data: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=self._directory)  # mode 0600
        temporary = Path(name)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        directory = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def read_issued(chain: bytes, key: object) -> Issued:
    """Return what a chain's first certificate says. Raises ValueError if it is not for `key`."""
    found = x509.load_pem_x509_certificate(chain)
    if found.public_key() != key.public_key():  # type: ignore[attr-defined]
        raise ValueError("the certificate is for another key")
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise ValueError("the certificate is for no name") from error
    return Issued(
        frozenset(names.get_values_for_type(x509.DNSName)),
        found.not_valid_before_utc.timestamp(),
        found.not_valid_after_utc.timestamp(),
        _identifier(found),
    )


def _identifier(found: x509.Certificate) -> str:
    try:
        authority = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return ""
    if authority.key_identifier is None:
        return ""
    # As DER has it: with a leading zero where the first bit would be a sign.
    serial = found.serial_number
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    return f"{base64url(authority.key_identifier)}.{base64url(number)}"
