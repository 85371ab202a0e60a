"""What is served of second factors.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment


class EnrolledFactor(msgspec.Struct, kw_only=True):
    """A factor that was enrolled; recovery codes come with the first one, told this once."""

    id: int
    kind: str
    label: str
    created_at: str
    used_at: str | None
    recovery_codes: list[str]


class FactorBegin(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The beginning of an enrolment."""

    password: str
    label: str


class FactorView(msgspec.Struct, kw_only=True):
    """A second factor."""

    id: int
    kind: str
    label: str
    created_at: str
    used_at: str | None


class Factors(msgspec.Struct, kw_only=True):
    """All second factors of the caller."""

    items: list[FactorView]
    recovery_codes_left: int


class OwnPassword(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The caller's own password, once more."""

    password: str


class PasskeyConfirmation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the browser made of the options."""

    ticket: str
    answer: dict[str, Any]


class PasskeyOffer(msgspec.Struct, kw_only=True):
    """What the browser makes a passkey from (`PublicKeyCredentialCreationOptions`)."""

    ticket: str
    options: dict[str, Any]


class RecoveryCodes(msgspec.Struct, kw_only=True):
    """New codes, told this once; those before are good no more."""

    recovery_codes: list[str]


class RemovedFactors(msgspec.Struct, kw_only=True):
    """How many factors were removed."""

    removed: int


class TotpConfirmation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A code of the app that was shown the secret."""

    ticket: str
    code: str


class TotpOffer(msgspec.Struct, kw_only=True):
    """What an authenticator app is shown."""

    ticket: str
    secret: str
    uri: str


class SecondFactorsApi:
    """What is served of second factors; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def begin_passkey(self, body: FactorBegin, *, key: str | None = None) -> PasskeyOffer:
        """Begin a passkey."""
        found: PasskeyOffer = self._transport.typed(
            "POST",
            "/factors/passkey",
            {200: PasskeyOffer},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def begin_totp(self, body: FactorBegin, *, key: str | None = None) -> TotpOffer:
        """Begin an authenticator app."""
        found: TotpOffer = self._transport.typed(
            "POST", "/factors/totp", {200: TotpOffer}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def confirm_passkey(
        self, body: PasskeyConfirmation, *, key: str | None = None
    ) -> EnrolledFactor:
        """Confirm a passkey."""
        found: EnrolledFactor = self._transport.typed(
            "POST",
            "/factors/passkey/confirm",
            {201: EnrolledFactor},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def confirm_totp(self, body: TotpConfirmation, *, key: str | None = None) -> EnrolledFactor:
        """Confirm an authenticator app."""
        found: EnrolledFactor = self._transport.typed(
            "POST",
            "/factors/totp/confirm",
            {201: EnrolledFactor},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def list_factors(self) -> Factors:
        """List one's second factors."""
        found: Factors = self._transport.typed("GET", "/factors", {200: Factors})
        return found

    def remove_second_factor(
        self, id: str | int, body: OwnPassword, *, key: str | None = None
    ) -> None:
        """Remove a second factor."""
        self._transport.typed(
            "POST",
            f"/factors/{segment(id)}/remove",
            {204: None},
            body=body,
            headers={"Idempotency-Key": key},
        )

    def renew_recovery_codes(self, body: OwnPassword, *, key: str | None = None) -> RecoveryCodes:
        """Renew recovery codes."""
        found: RecoveryCodes = self._transport.typed(
            "POST",
            "/factors/recovery-codes",
            {200: RecoveryCodes},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def reset_factors(
        self, name: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> RemovedFactors:
        """Remove all second factors of a user."""
        found: RemovedFactors = self._transport.typed(
            "DELETE",
            f"/users/{segment(name)}/factors",
            {200: RemovedFactors},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found
