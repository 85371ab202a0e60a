"""One key that signs, and reads just what it signed: ES256 or RS256."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

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


class _Registry(jws.JWSRegistry):
    """What joserfc reads: headers with certificates too, which are ours byte for byte."""

    max_header_length = TOKEN_MAX_BYTES


class JoseKey:
    """A key with the one header that it writes, and believes."""

    def __init__(
        self, key: ECKey | RSAKey, algorithm: str, header: Mapping[str, str | list[str]]
    ) -> None:
        self._key = key
        self._algorithm = algorithm
        self._registry = _Registry(algorithms=[algorithm])
        self._header = {"typ": "JWT", "alg": algorithm, **header}
        self.start = _start(self._header)
        self.public: dict[str, Any] = {
            **KeySet([key]).as_dict(private=False)["keys"][0],
            **header,
            "use": "sig",
            "alg": algorithm,
        }

    @property
    def can_sign(self) -> bool:
        """Whether it has its private half."""
        return self._key.is_private

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a signed token."""
        return jws.serialize_compact(
            {**self._header}, encode(claims), self._key, algorithms=[self._algorithm]
        )

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that this key signed, with this very header, or None."""
        # Whatever else a header may say (`none`, `jwk`, `crit`), we never wrote it.
        if len(token) > TOKEN_MAX_BYTES or not token.startswith(f"{self.start}."):
            return None
        try:
            found = jws.deserialize_compact(token, self._key, registry=self._registry)
            claims = msgspec.json.decode(found.payload, type=dict[str, Any])
        except (JoseError, ValueError, msgspec.MsgspecError):
            return None
        return claims


def _start(header: Mapping[str, Any]) -> str:
    """Return a header as joserfc writes it into a token."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def es256_key(pem: bytes) -> JoseKey:
    """Return a key of ours, private or public; its `kid` is the RFC 7638 thumbprint."""
    key = ECKey.import_key(pem)
    return JoseKey(key, ALGORITHM, {"kid": key.thumbprint()})


class Es256Mint:
    """Keeps `ports.keys.KeyMint`."""

    def make(self) -> bytes:
        return new_key()

    def kid(self, pem: bytes) -> str:
        key = ECKey.import_key(pem)
        if key.curve_name != "P-256":
            raise ValueError(f"the key is on {key.curve_name}, not on P-256")
        return key.thumbprint()

    def public(self, pem: bytes) -> bytes:
        return ECKey.import_key(pem).as_pem(private=False)


class Es256Signer:
    """Keeps `ports.secrets.TokenSigner` with one key for ever."""

    epoch = 0

    def __init__(self, pem: bytes) -> None:
        self._key = es256_key(pem)

    def sign(self, claims: Mapping[str, Any], *, long_lived: bool = False) -> str:
        """Return the claims as a signed token."""
        del long_lived  # one key signs all
        return self._key.sign(claims)

    def verify(self, token: str, *, long_lived: bool = False) -> dict[str, Any] | None:
        """Return the claims of a token that we signed, or None."""
        del long_lived
        return self._key.read(token)

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JWK set."""
        return {"keys": [self._key.public]}
