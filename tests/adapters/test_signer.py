"""Tokens signed with ES256: ours are read, all others are not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jws
from joserfc.jwk import ECKey

from entrepot.adapters.signer import TOKEN_MAX_BYTES, Es256Signer, new_key, reader

KEY = new_key()
CLAIMS = {"sub": "alice", "exp": 1_800_000_300, "changed": 1_800_000_000.123456}


@pytest.fixture
def signer() -> Es256Signer:
    return Es256Signer(KEY)


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def other_header(signer: Es256Signer, **header: object) -> dict[str, Any]:
    start: dict[str, Any] = json.loads(decoded(signer.sign(CLAIMS).split(".")[0]))
    return {**start, **header}


def test_what_was_signed_is_read(signer: Es256Signer) -> None:
    assert signer.verify(signer.sign(CLAIMS)) == CLAIMS
    assert Es256Signer(KEY).verify(signer.sign(CLAIMS)) == CLAIMS


def test_another_key_is_not_ours(signer: Es256Signer) -> None:
    assert new_key() != KEY
    assert Es256Signer(new_key()).verify(signer.sign(CLAIMS)) is None


def test_any_reader_of_the_key_set_can_check_a_token(signer: Es256Signer) -> None:
    (key,) = signer.jwks()["keys"]
    assert set(key) >= {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert "d" not in key
    header, claims, signature = signer.sign(CLAIMS).split(".")
    x, y = (int.from_bytes(decoded(key[name])) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    raw = decoded(signature)
    pair = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(
        encode_dss_signature(*pair), f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
    )
    assert json.loads(decoded(header)) == {"typ": "JWT", "alg": "ES256", "kid": key["kid"]}


def test_the_key_id_is_the_thumbprint(signer: Es256Signer) -> None:
    """RFC 7638, as distribution 3 looks keys up."""
    (key,) = signer.jwks()["keys"]
    members = {name: key[name] for name in ("crv", "kty", "x", "y")}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    assert key["kid"] == digest.decode().rstrip("=")


def test_no_signature_is_no_signature(signer: Es256Signer) -> None:
    header, claims, signature = signer.sign(CLAIMS).split(".")
    none = encoded({"typ": "JWT", "alg": "none"})
    for token in (f"{header}.{claims}.", f"{none}.{claims}.", f"{none}.{claims}.{signature}"):
        assert signer.verify(token) is None


def test_the_public_key_is_no_shared_secret(signer: Es256Signer) -> None:
    """Algorithm confusion: HS256 keyed with what everybody can read."""
    public = ECKey.import_key(KEY).as_pem(private=False)
    signed = f"{encoded(other_header(signer, alg='HS256'))}.{encoded(CLAIMS)}"
    code = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256"))
    assert signer.verify(f"{signed}.{code.decode().rstrip('=')}") is None


def test_a_key_that_comes_with_the_token_is_not_believed(signer: Es256Signer) -> None:
    own = ECKey.generate_key("P-256")
    header = other_header(signer, jwk=own.as_dict(private=False))
    forged = jws.serialize_compact(header, json.dumps(CLAIMS), own, algorithms=["ES256"])
    assert signer.verify(forged) is None
    injected = other_header(signer, kid="../../../etc/passwd")
    forged = jws.serialize_compact(injected, json.dumps(CLAIMS), own, algorithms=["ES256"])
    assert signer.verify(forged) is None


def test_changed_claims_are_refused(signer: Es256Signer) -> None:
    header, _, signature = signer.sign(CLAIMS).split(".")
    assert signer.verify(f"{header}.{encoded({**CLAIMS, 'sub': 'admin'})}.{signature}") is None


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a.b.c", "é.é.é", "{}", "\0" * 100])
def test_nonsense_is_refused(signer: Es256Signer, token: str) -> None:
    assert signer.verify(token) is None


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "crit": 5},
        {"alg": "ES256", "crit": ["b64"], "b64": False},
        {"alg": "ES256"},
        {"alg": []},
        [],
        None,
        {},
    ],
    ids=str,
)
def test_a_header_that_we_never_wrote_is_refused(signer: Es256Signer, header: object) -> None:
    """Even over our own signature; and none makes the reader stumble."""
    claims, signature = signer.sign(CLAIMS).split(".")[1:]
    assert signer.verify(f"{encoded(header)}.{claims}.{signature}") is None


def test_every_cut_is_refused(signer: Es256Signer) -> None:
    token = signer.sign({"sub": "a"})
    for length in range(len(token)):
        assert signer.verify(token[:length]) is None


def test_i13_a_token_has_a_limit(signer: Es256Signer) -> None:
    assert signer.verify(signer.sign({"x": "y" * TOKEN_MAX_BYTES})) is None


def test_the_public_keys_are_enough_to_read(signer: Es256Signer) -> None:
    token = signer.sign({"sub": "a"})
    read = reader(json.loads(json.dumps(signer.jwks())))
    assert read(token) == {"sub": "a"}
    assert read(token[:-4] + "AAAA") is None
    assert read("") is None
    assert read(signer.sign({"x": "y" * TOKEN_MAX_BYTES})) is None
    assert reader(Es256Signer(new_key()).jwks())(token) is None
