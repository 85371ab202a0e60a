"""An authenticator in software: makes passkeys and signs with them, well or badly."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """One key; fields may be changed to lie. `counter` 0 stays 0, as that of synced passkeys."""

    origin: str
    rp_id: str
    flags: int = USER_PRESENT | USER_VERIFIED
    counter: int = 1
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        public = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: public.x.to_bytes(32, "big"),
            -3: public.y.to_bytes(32, "big"),
        }
        identity = len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(ATTESTED) + bytes(16) + identity + cbor2.dumps(cose)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=b64url(self._client_data("webauthn.create", options)),
            attestationObject=b64url(attestation),
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        if self.counter:
            self.counter += 1
        data, client_data = self._data(), self._client_data("webauthn.get", options)
        signed = data + hashlib.sha256(client_data).digest()
        return self._answer(
            clientDataJSON=b64url(client_data),
            authenticatorData=b64url(data),
            signature=b64url(self.key.sign(signed, ec.ECDSA(SHA256()))),
        )

    def _data(self, more_flags: int = 0) -> bytes:
        flags = bytes([self.flags | more_flags])
        return (
            hashlib.sha256(self.rp_id.encode()).digest() + flags + self.counter.to_bytes(4, "big")
        )

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        data = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(data).encode()

    def _answer(self, **response: str) -> dict[str, Any]:
        own_id = b64url(self.credential_id)
        return {
            "id": own_id,
            "rawId": own_id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
