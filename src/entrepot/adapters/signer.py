"""JSON Web Tokens signed with ES256 (RFC 7515, RFC 7518)."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from entrepot.oci.json import encode

ALGORITHM = "ES256"
TOKEN_MAX_BYTES = 16 * 1024


def new_key() -> bytes:
    """Return a new private key as PEM text."""
    return ECKey.generate_key("P-256").as_pem(private=True)


def reader(jwks: Mapping[str, Any]) -> Callable[[str], dict[str, Any] | None]:
    """Return what reads the claims of whatever was signed with one of these public keys.

    For those who check without the registry; `jwks` is a JWK set (RFC 7517) as it publishes it.
    """
    keys = KeySet.import_key_set({"keys": [*jwks["keys"]]})

    def read(signed: str) -> dict[str, Any] | None:
        if len(signed) > TOKEN_MAX_BYTES:
            return None
        try:
            found = jws.deserialize_compact(signed, keys, algorithms=[ALGORITHM])
            claims = msgspec.json.decode(found.payload, type=dict[str, Any])
        except (JoseError, ValueError, msgspec.MsgspecError):
            return None
        return claims

    return read


class Es256Signer:
    """Signs with one key and reads what it signed. `kid` is the RFC 7638 thumbprint."""

    def __init__(self, pem: bytes) -> None:
        key = ECKey.import_key(pem)
        self._key = ECKey.import_key(pem, {"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM})
        self._header = {"typ": "JWT", "alg": ALGORITHM, "kid": self._key.thumbprint()}
        self._start = self.sign({}).partition(".")[0] + "."

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a signed token."""
        return jws.serialize_compact(
            self._header, encode(claims), self._key, algorithms=[ALGORITHM]
        )

    def verify(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that we signed, or None."""
        # Whatever else a header may say (`none`, `jwk`, `crit`), we never wrote it.
        if len(token) > TOKEN_MAX_BYTES or not token.startswith(self._start):
            return None
        try:
            found = jws.deserialize_compact(token, self._key, algorithms=[ALGORITHM])
            claims = msgspec.json.decode(found.payload, type=dict[str, Any])
        except (JoseError, ValueError, msgspec.MsgspecError):
            return None
        return claims

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JWK set."""
        return dict(KeySet([self._key]).as_dict(private=False))
