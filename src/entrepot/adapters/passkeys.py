"""Passkeys by the webauthn package, loaded when the first one is asked for."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from entrepot.ports.factors import Passkey, PasskeyRefused

TIMEOUT_MS = 120_000
ANSWER_MAX_BYTES = 16 * 1024
"""An attestation with its certificates takes a few kilobytes."""
CREDENTIAL_ID_MAX_BYTES = 1023
"""WebAuthn Level 3, section 7.1, step 25."""

Result = TypeVar("Result")


class WebauthnPasskeys:
    """Keeps `ports.factors.Passkeys` for one site: `public_url`, as users have it in the browser.

    Passkeys are bound to its host (the relying party's id): with another, all are useless.
    """

    def __init__(self, public_url: str, name: str) -> None:
        parts = urlsplit(public_url)
        self._id = parts.hostname or "localhost"
        # As a browser writes it: without a path, and without the scheme's own port.
        usual = {"https": 443, "http": 80}.get(parts.scheme)
        port = f":{parts.port}" if parts.port not in (None, usual) else ""
        host = f"[{self._id}]" if ":" in self._id else self._id
        self._origin = f"{parts.scheme}://{host}{port}"
        self._name = name

    def registration_options(
        self, user_name: str, *, challenge: bytes, known: Sequence[bytes]
    ) -> dict[str, Any]:
        library = _library()
        structs = library.helpers.structs
        options = library.generate_registration_options(
            rp_id=self._id,
            rp_name=self._name,
            user_name=user_name,
            # No name in it, as the authenticator keeps it in the clear (section 14.6.1).
            user_id=hashlib.sha256(b"entrepot user\0" + user_name.encode()).digest(),
            challenge=challenge,
            timeout=TIMEOUT_MS,
            attestation=structs.AttestationConveyancePreference.NONE,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.PREFERRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(structs, known),
        )
        return _as_json(library, options)

    def register(self, answer: Mapping[str, Any], *, challenge: bytes) -> Passkey:
        library = _library()
        verified = _proved(
            lambda: library.verify_registration_response(
                credential=_text(answer),
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        )
        if len(verified.credential_id) > CREDENTIAL_ID_MAX_BYTES:
            raise PasskeyRefused("the passkey's id is too long")
        return Passkey(verified.credential_id, verified.credential_public_key, verified.sign_count)

    def authentication_options(self, *, challenge: bytes, known: Sequence[bytes]) -> dict[str, Any]:
        library = _library()
        structs = library.helpers.structs
        options = library.generate_authentication_options(
            rp_id=self._id,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            allow_credentials=_descriptors(structs, known),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        return _as_json(library, options)

    def authenticate(self, answer: Mapping[str, Any], *, challenge: bytes, passkey: Passkey) -> int:
        library = _library()
        verified = _proved(
            lambda: library.verify_authentication_response(
                credential=_text(answer),
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.counter,
                require_user_verification=True,
            )
        )
        if verified.credential_id != passkey.credential_id:
            raise PasskeyRefused("the answer is another passkey's")
        return int(verified.new_sign_count)


def _library() -> Any:
    """Return the package; 24 MiB and 0.1 s that a registry without passkeys does without."""
    import webauthn

    return webauthn


def _descriptors(structs: Any, known: Sequence[bytes]) -> list[Any]:
    return [structs.PublicKeyCredentialDescriptor(id=each) for each in known]


def _as_json(library: Any, options: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(library.helpers.options_to_json(options))
    return value


def _text(answer: Mapping[str, Any]) -> str:
    text = json.dumps(answer)
    if len(text) > ANSWER_MAX_BYTES:
        raise PasskeyRefused("the answer is too long")
    return text


def _proved(verify: Callable[[], Result]) -> Result:
    try:
        return verify()
    except PasskeyRefused:
        raise
    except Exception as error:
        # It parses CBOR and certificates that anybody may send: whatever that raises, nothing is
        # proved.
        raise PasskeyRefused(str(error)[:200] or "the answer cannot be read") from error
