"""Signed requests (RFC 8555 section 6.2) and the account's key."""

import base64
import binascii
import hashlib
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry

from entrepot.oci.json import encode

ALGORITHM = "ES256"
BINDING_ALGORITHM = "HS256"
HEADER_MAX_BYTES = 16 * 1024


def base64url(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class AccountKey:
    """The private key that an account is."""

    def __init__(self, pem: bytes) -> None:
        """Raises ValueError or joserfc's errors for what is no EC key."""
        self._key = ECKey.import_key(pem)
        self._registry = _registry(ALGORITHM)

    @staticmethod
    def new_pem() -> bytes:
        """Return a new key as PEM text."""
        return ECKey.generate_key("P-256").as_pem(private=True)

    def public(self) -> dict[str, Any]:
        """Return the public half as a JWK."""
        return dict(self._key.as_dict(private=False))

    def authorization(self, token: str) -> str:
        """Return the key authorization of a challenge (RFC 8555 section 8.1)."""
        return f"{token}.{self._key.thumbprint()}"

    def sign(self, url: str, nonce: str, payload: Any, account: str) -> bytes:
        """Return a request's body; a `payload` of None is POST-as-GET.

        `account` is the account's URL, empty before there is one.
        """
        who = {"kid": account} if account else {"jwk": self.public()}
        header = {"alg": ALGORITHM, "nonce": nonce, "url": url, **who}
        data = b"" if payload is None else encode(payload)
        signed = jws.serialize_json({"protected": header}, data, self._key, registry=self._registry)
        return encode(signed)


def bind(key: AccountKey, url: str, kid: str, mac_key: str) -> dict[str, Any]:
    """Return an `externalAccountBinding` (section 7.3.4). Raises ValueError for a bad key."""
    secret = OctKey.import_key(decoded(mac_key))
    header = {"alg": BINDING_ALGORITHM, "kid": kid, "url": url}
    registry = _registry(BINDING_ALGORITHM)
    made = jws.serialize_json(
        {"protected": header}, encode(key.public()), secret, registry=registry
    )
    return {**made}


def decoded(text: str) -> bytes:
    """Return the bytes of base64url, with or without padding. Raises ValueError."""
    try:
        text = text.rstrip("=")
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64url: {error}") from error


def digest(authorization: str) -> bytes:
    """Return the SHA-256 of a key authorization."""
    return hashlib.sha256(authorization.encode("ascii")).digest()


def _registry(algorithm: str) -> JWSRegistry:
    # `nonce` and `url` are ACME's own headers.
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = HEADER_MAX_BYTES
    return registry
