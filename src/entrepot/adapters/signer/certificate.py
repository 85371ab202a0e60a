"""A key with a certificate chain, for registries that trust its authority.

distribution 2.x and 3 accept a token whose `x5c` (RFC 7515 section 4.1.6) leads to a certificate
of their `rootcertbundle`. The `kid` is the one that distribution 2.x looks up.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey, RSAKey

from .jose import ALGORITHM, JoseKey

RSA_ALGORITHM = "RS256"
RSA_MIN_BITS = 2048
RSA_MAX_BITS = 8192
FILE_MAX_BYTES = 64 * 1024
CHAIN_MAX = 5
CHAIN_MAX_BYTES = 6 * 1024
"""Each token carries it, in a header of 8 KiB that proxies take."""
LIBTRUST_BYTES = 30


class ChainUnusable(Exception):
    """A key and certificates that cannot sign tokens; the message says which file and the mend."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What signs with the chain in each token; `ends_at` is when its first certificate does."""

    key: JoseKey
    ends_at: float


def load_chain(key_file: Path, certs_file: Path, now: float) -> Chain:
    """Return the key of a PEM file with the chain of another, leaf first.

    Raises `ChainUnusable` or OSError.
    """
    private = _private(key_file)
    certificates = _certificates(certs_file)
    leaf = certificates[0]
    if _spki(leaf.public_key()) != _spki(private.public_key()):
        raise ChainUnusable(
            f"auth.token_certs: the first certificate of {certs_file} is not that of the key in "
            f"{key_file}; put the key's own certificate first, then those that signed it"
        )
    if not leaf.not_valid_before_utc.timestamp() <= now < leaf.not_valid_after_utc.timestamp():
        raise ChainUnusable(
            f"auth.token_certs: the first certificate of {certs_file} is valid from "
            f"{leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}, not now: renew it"
        )
    ders = [one.public_bytes(Encoding.DER) for one in certificates]
    if sum(map(len, ders)) > CHAIN_MAX_BYTES:
        raise ChainUnusable(
            f"auth.token_certs: the certificates of {certs_file} have more than {CHAIN_MAX_BYTES} "
            "bytes, and each token carries them: use an EC key, or a shorter chain"
        )
    header: dict[str, str | list[str]] = {
        "kid": libtrust_id(_spki(private.public_key())),
        "x5c": [base64.b64encode(der).decode() for der in ders],
    }
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(private, rsa.RSAPrivateKey):
        key = JoseKey(RSAKey.import_key(pem), RSA_ALGORITHM, header)
    else:
        key = JoseKey(ECKey.import_key(pem), ALGORITHM, header)
    return Chain(key, leaf.not_valid_after_utc.timestamp())


def libtrust_id(spki: bytes) -> str:
    """Return a public key's id as libtrust has it: `ABCD:EFGH:…`, twelve groups of four."""
    text = base64.b32encode(hashlib.sha256(spki).digest()[:LIBTRUST_BYTES]).decode()
    return ":".join(text[at : at + 4] for at in range(0, len(text), 4))


def _private(path: Path) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ChainUnusable(
            f"auth.token_key: {path} is no private key in PEM without a password"
        ) from error
    if isinstance(key, rsa.RSAPrivateKey) and RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ChainUnusable(
        f"auth.token_key: the key in {path} must be EC on P-256, or RSA with {RSA_MIN_BITS} to "
        f"{RSA_MAX_BITS} bits"
    )


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise ChainUnusable(f"auth.token_certs: {path} holds no certificates in PEM") from error
    if len(found) > CHAIN_MAX:
        raise ChainUnusable(
            f"auth.token_certs: {path} has {len(found)} certificates, a chain at most {CHAIN_MAX}"
        )
    return found


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_MAX_BYTES)


def _spki(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
