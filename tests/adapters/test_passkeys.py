"""The ceremonies of WebAuthn, with an authenticator in software."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.passkeys import ANSWER_MAX_BYTES, WebauthnPasskeys
from entrepot.ports.factors import Passkey, PasskeyRefused
from tests.authenticator import USER_PRESENT, Authenticator, b64url

URL, ORIGIN, HOST = "https://registry.test:8443/", "https://registry.test:8443", "registry.test"
CHALLENGE = bytes(range(32))
PASSKEYS = WebauthnPasskeys(URL, "Entrepot")


def registered(authenticator: Authenticator) -> Passkey:
    options = PASSKEYS.registration_options("alice", challenge=CHALLENGE, known=[])
    return PASSKEYS.register(authenticator.create(options), challenge=CHALLENGE)


def options_to_sign(passkey: Passkey, challenge: bytes = CHALLENGE) -> dict[str, Any]:
    return PASSKEYS.authentication_options(challenge=challenge, known=[passkey.credential_id])


def authenticated(passkey: Passkey, authenticator: Authenticator) -> int:
    answer = authenticator.get(options_to_sign(passkey))
    return PASSKEYS.authenticate(answer, challenge=CHALLENGE, passkey=passkey)


def test_a_key_is_made_and_signs() -> None:
    authenticator = Authenticator(ORIGIN, HOST)
    passkey = registered(authenticator)
    assert passkey.credential_id == authenticator.credential_id
    assert passkey.counter == 1
    assert authenticated(passkey, authenticator) == 2
    assert authenticated(replace(passkey, counter=2), authenticator) == 3


def test_a_synced_key_counts_nothing() -> None:
    authenticator = Authenticator(ORIGIN, HOST, counter=0)
    passkey = registered(authenticator)
    assert authenticated(passkey, authenticator) == 0
    assert authenticated(passkey, authenticator) == 0


def test_the_options_ask_for_what_is_needed() -> None:
    options = PASSKEYS.registration_options("alice", challenge=CHALLENGE, known=[b"one"])
    assert options["rp"] == {"name": "Entrepot", "id": HOST}
    assert options["challenge"] == b64url(CHALLENGE)
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [each["id"] for each in options["excludeCredentials"]] == [b64url(b"one")]
    assert options["user"]["name"] == "alice"
    assert "alice" not in options["user"]["id"]
    asked = options_to_sign(Passkey(b"one", b"", 0))
    assert (asked["rpId"], asked["userVerification"]) == (HOST, "required")
    assert [each["id"] for each in asked["allowCredentials"]] == [b64url(b"one")]


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://registry.test"},
        {"origin": "http://registry.test:8443"},
        {"origin": "https://evil.test"},
        {"rp_id": "evil.test"},
        {"flags": USER_PRESENT},
        {"flags": 0},
    ],
)
def test_what_proves_nothing_is_refused(lie: dict[str, Any]) -> None:
    honest = Authenticator(ORIGIN, HOST)
    with pytest.raises(PasskeyRefused):
        registered(replace(honest, **lie))
    passkey = registered(honest)
    with pytest.raises(PasskeyRefused):
        authenticated(passkey, replace(honest, **lie))


def test_another_challenge_is_refused() -> None:
    authenticator = Authenticator(ORIGIN, HOST)
    passkey = registered(authenticator)
    answer = authenticator.get(options_to_sign(passkey, bytes(32)))
    with pytest.raises(PasskeyRefused, match="challenge"):
        PASSKEYS.authenticate(answer, challenge=CHALLENGE, passkey=passkey)


def test_another_key_is_refused() -> None:
    authenticator, other = Authenticator(ORIGIN, HOST), Authenticator(ORIGIN, HOST)
    passkey = registered(authenticator)
    with pytest.raises(PasskeyRefused):
        authenticated(passkey, other)
    with pytest.raises(PasskeyRefused):
        authenticated(passkey, replace(other, credential_id=authenticator.credential_id))
    with pytest.raises(PasskeyRefused, match="another passkey"):
        authenticated(passkey, replace(authenticator, credential_id=other.credential_id))


def test_a_copied_authenticator_is_refused() -> None:
    """Whose counter is not above what was seen (section 6.1.1)."""
    authenticator = Authenticator(ORIGIN, HOST)
    passkey = registered(authenticator)
    copy = replace(authenticator)
    counter = authenticated(passkey, authenticator)
    with pytest.raises(PasskeyRefused, match="count"):
        authenticated(replace(passkey, counter=counter), copy)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=9), JSON), st.binary(max_size=200))
def test_anything_may_be_sent(answer: dict[str, Any], noise: bytes) -> None:
    real = Authenticator(ORIGIN, HOST).create({"challenge": b64url(CHALLENGE)})
    noisy = {**real, "response": {**real["response"], "attestationObject": b64url(noise)}}
    for sent in (answer, {**real, **answer, "response": answer}, noisy):
        with pytest.raises(PasskeyRefused):
            PASSKEYS.register(sent, challenge=CHALLENGE)
        with pytest.raises(PasskeyRefused):
            PASSKEYS.authenticate(sent, challenge=CHALLENGE, passkey=Passkey(b"x", b"", 0))


def test_an_answer_is_bounded() -> None:
    with pytest.raises(PasskeyRefused, match="too long"):
        PASSKEYS.register({"id": "x" * ANSWER_MAX_BYTES}, challenge=CHALLENGE)


@pytest.mark.parametrize(
    "url, origin",
    [
        ("https://r.test", "https://r.test"),
        ("https://R.test:443", "https://r.test"),
        ("http://localhost:5000/", "http://localhost:5000"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_the_origin_is_as_browsers_have_it(url: str, origin: str) -> None:
    assert WebauthnPasskeys(url, "Entrepot")._origin == origin


def test_the_package_is_loaded_when_it_is_needed() -> None:
    code = "import sys, entrepot.adapters.passkeys as p; p.WebauthnPasskeys('https://a', 'x');"
    code += "assert 'webauthn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
