from typing import Any

import pytest

from entrepot.adapters.oidc.keys import ALGORITHMS, KEYS_MAX, TRIED_MAX, parse_keys
from entrepot.ports.identity import SourceFailed
from tests import issuers

P256 = dict(issuers.new_key("ES256", "p256").as_dict(private=False))
P384 = dict(issuers.new_key("ES384", "p384").as_dict(private=False))
ED = dict(issuers.new_key("EdDSA", "ed").as_dict(private=False))


def fits(jwk: dict[str, Any]) -> set[str]:
    """Return the algorithms that a key may have signed with."""
    keys = parse_keys({"keys": [jwk]}, "there")
    return {name for name in ALGORITHMS if keys.candidates(name, jwk.get("kid"))}


def test_each_key_has_its_algorithms(rsa_key: Any) -> None:
    assert fits(P256) == {"ES256"}
    assert fits(P384) == {"ES384"}
    assert fits(ED) == {"EdDSA", "Ed25519"}
    rsa = dict(rsa_key.as_dict(private=False))
    assert fits(rsa) == {f"{kind}{bits}" for kind in ("RS", "PS") for bits in (256, 384, 512)}
    assert fits({**rsa, "alg": "PS256"}) == {"PS256"}
    assert {"none", "HS256", "HS384", "HS512"}.isdisjoint(ALGORITHMS)


@pytest.mark.parametrize(
    "more",
    [
        {"use": "enc"},
        {"use": 7},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": ["ES256"]},
        {"kid": 7},
        {"kid": "k" * 257},
        {"kty": "oct"},
        {"crv": "Ed448"},
        {"x": None},
    ],
)
def test_keys_that_are_passed_over(more: dict[str, Any]) -> None:
    with pytest.raises(SourceFailed, match="holds no key that can be used"):
        parse_keys({"keys": [{**P256, **more}]}, "there")
    assert fits({**P256, "key_ops": ["verify"], "alg": "ES256"}) == {"ES256"}


@pytest.mark.parametrize("bits", [1024, 16384])
def test_rsa_keys_of_no_use(bits: int) -> None:
    number = issuers._base64(((1 << bits) - 1).to_bytes(bits // 8))
    with pytest.raises(SourceFailed):
        parse_keys({"keys": [{"kty": "RSA", "n": number, "e": "AQAB"}]}, "there")


def test_kid() -> None:
    keys = parse_keys({"keys": [P256, {**P256, "kid": "other"}, P384]}, "there")
    assert [key.kid for key in keys.candidates("ES256", "other")] == ["other"]
    assert [key.kid for key in keys.candidates("ES256", None)] == ["p256", "other"]
    assert keys.candidates("ES256", "p384") == ()


def test_few_are_looked_at() -> None:
    many = [{**P256, "kid": f"k{number}"} for number in range(KEYS_MAX + 1)]
    keys = parse_keys({"keys": many}, "there")
    assert len(keys.keys) == KEYS_MAX
    assert len(keys.candidates("ES256", None)) == TRIED_MAX
