"""The public keys of an issuer (JWK sets: RFC 7517), and which sign what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from entrepot.ports.identity import SourceFailed

KEYS_MAX = 64
"""Most keys of a set that are looked at."""
TRIED_MAX = 4
"""Most keys that are tried on one signature."""
KID_MAX = 256
RSA_MIN_BITS = 2048
RSA_MAX_BITS = 8192
"""A longer one only costs time."""

Key = RSAKey | ECKey | OKPKey

_FITS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", "")),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Each algorithm with the type and curve of its keys. None with a shared secret, and not `none`."""
ALGORITHMS = frozenset(_FITS)


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key to check signatures with; `algorithm` is empty where the issuer leaves it open."""

    kid: str | None
    kty: str
    curve: str
    algorithm: str
    key: Key

    def may_sign(self, algorithm: str, kid: str | None) -> bool:
        """Whether it may have signed what says so."""
        if _FITS[algorithm] != (self.kty, self.curve):
            return False
        if self.algorithm and self.algorithm != algorithm:
            return False
        return kid is None or self.kid == kid


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The keys of one issuer; it has at least one."""

    keys: tuple[IssuerKey, ...]

    def candidates(self, algorithm: str, kid: str | None) -> tuple[IssuerKey, ...]:
        """Return which keys to try, `TRIED_MAX` at most; `algorithm` is one of `ALGORITHMS`."""
        found = [key for key in self.keys if key.may_sign(algorithm, kid)]
        return tuple(found[:TRIED_MAX])


def parse_keys(document: Mapping[str, Any], where: str) -> IssuerKeys:
    """Return the keys of a JWK set that can be used; others are passed over (section 5).

    Raises `SourceFailed` if none is left; `where` names the set.
    """
    found = document.get("keys")
    listed = found[:KEYS_MAX] if isinstance(found, list) else []
    keys = tuple(key for one in listed if (key := _key(one)) is not None)
    if not keys:
        raise SourceFailed(
            f"{where} holds no key that can be used: signatures are checked by RSA keys of "
            f"{RSA_MIN_BITS} bits or more, P-256, P-384 and Ed25519"
        )
    return IssuerKeys(keys)


def _key(jwk: Any) -> IssuerKey | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    operations = jwk.get("key_ops")
    if operations is not None and "verify" not in (
        operations if isinstance(operations, list) else ()
    ):
        return None
    kid, kty = jwk.get("kid"), jwk.get("kty")
    algorithm = jwk.get("alg", "")
    if not (kid is None or (isinstance(kid, str) and len(kid) <= KID_MAX)):
        return None
    if not isinstance(algorithm, str) or (algorithm and algorithm not in ALGORITHMS):
        return None
    curve = "" if kty == "RSA" else jwk.get("crv")
    if not isinstance(kty, str) or not isinstance(curve, str) or (kty, curve) not in _FITS.values():
        return None
    try:
        key = _imported(kty, jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return None if key is None else IssuerKey(kid, kty, curve, algorithm, key)


def _imported(kty: str, jwk: Mapping[str, Any]) -> Key | None:
    """Return the key, of its public members alone."""
    if kty == "RSA":
        bits = int.from_bytes(urlsafe_b64decode(str(jwk["n"]).encode())).bit_length()
        if not RSA_MIN_BITS <= bits <= RSA_MAX_BITS:
            return None
        made: Key = RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})
    elif kty == "EC":
        made = ECKey.import_key({"kty": "EC", "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]})
    else:
        made = OKPKey.import_key({"kty": "OKP", "crv": jwk["crv"], "x": jwk["x"]})
    _ = made.public_key  # some fault of a key shows only here
    return made
