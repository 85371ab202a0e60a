"""What is served of keys.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class ResealedSecrets(msgspec.Struct, kw_only=True):
    """How many were sealed anew, and the first hundred of those that do not open."""

    resealed: int
    broken: list[str]


class SealedSecret(msgspec.Struct, kw_only=True):
    """What something sealed is for, and the master key that sealed it; never its value."""

    name: str
    sealed_with: str
    current: bool


class SealedSecretPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[SealedSecret]
    next: str | int | None


class SigningKey(msgspec.Struct, kw_only=True):
    """A key that tokens are signed with, or were, or will be; without its private part."""

    kid: str
    stage: str
    signs: bool
    created_at: str
    activates_at: str
    retires_at: str | None
    sealed_with: str


class SigningKeyPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[SigningKey]
    next: str | int | None


class KeysApi:
    """What is served of keys; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def drop_signing_key(self, kid: str | int, *, key: str | None = None) -> SigningKeyPage:
        """Drop a signing key.

        What it signed is good no more. The answer is the keys that there are.
        """
        found: SigningKeyPage = self._transport.typed(
            "POST",
            f"/keys/{segment(kid)}/drop",
            {200: SigningKeyPage},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def list_sealed_secrets(
        self, *, limit: int | None = None, after: str | None = None
    ) -> SealedSecretPage:
        """List sealed secrets."""
        found: SealedSecretPage = self._transport.typed(
            "GET", "/secrets", {200: SealedSecretPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_sealed_secrets_all(self, *, most: int | None = None) -> Iterator[SealedSecret]:
        """List sealed secrets. Page after page, at most `most`."""
        return self._transport.pages("/secrets", SealedSecretPage, "after", {}, most=most)

    def list_signing_keys(self) -> SigningKeyPage:
        """List signing keys."""
        found: SigningKeyPage = self._transport.typed("GET", "/keys", {200: SigningKeyPage})
        return found

    def reseal_secrets(self, *, key: str | None = None) -> ResealedSecrets:
        """Seal all secrets anew."""
        found: ResealedSecrets = self._transport.typed(
            "POST",
            "/secrets/reseal",
            {200: ResealedSecrets},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def rotate_signing_keys(self, *, key: str | None = None) -> SigningKey:
        """Rotate signing keys."""
        found: SigningKey = self._transport.typed(
            "POST", "/keys/rotate", {201: SigningKey}, body={}, headers={"Idempotency-Key": key}
        )
        return found
