"""How keys of issuers on loopback are had, and what is answered in their place."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import ECKey, RSAKey

from entrepot.adapters.oidc import Site, fetching
from entrepot.adapters.oidc.issuer import (
    KEYS_FRESH_SECONDS,
    KEYS_STALE_SECONDS,
    UNKNOWN_KEY_SECONDS,
)
from entrepot.adapters.oidc.issuers import OidcIssuers
from entrepot.adapters.oidc.keys import parse_keys
from entrepot.adapters.oidc.once import RETRY_SECONDS
from entrepot.ports.federation import Refusal
from entrepot.ports.identity import SourceFailed
from tests import issuers as simulated
from tests.adapters.oidc.asking import DISCOVERY, NOW, claims, refusal, verify
from tests.issuers import Answer, Issuer, said


async def test_a_new_key_is_fetched_when_a_token_names_it(
    issuers: OidcIssuers, issuer: Issuer
) -> None:
    await verify(issuers, issuer, issuer.sign(claims(issuer)))
    issuer.rotate()
    token = issuer.sign(claims(issuer))
    # Not at once: a stranger's tokens could make us ask again and again.
    assert await refusal(issuers, issuer, token, NOW + 1) is Refusal.KEY
    assert issuer.asked.count("/jwks") == 1
    assert await verify(issuers, issuer, token, NOW + UNKNOWN_KEY_SECONDS)
    assert issuer.asked.count("/jwks") == 2


async def test_attack_many_unknown_keys(issuers: OidcIssuers, issuer: Issuer) -> None:
    for second in range(90):
        token = issuer.sign(claims(issuer), kid=f"unknown-{second}")
        assert await refusal(issuers, issuer, token, NOW + second) is Refusal.KEY
    assert issuer.asked.count("/jwks") == 3


async def test_a_key_is_dropped_when_the_issuer_drops_it(
    issuers: OidcIssuers, issuer: Issuer
) -> None:
    token = issuer.sign(claims(issuer) | {"exp": NOW + 10_000})
    assert await verify(issuers, issuer, token)
    issuer.rotate()
    assert await verify(issuers, issuer, token, NOW + KEYS_FRESH_SECONDS - 1)
    assert await refusal(issuers, issuer, token, NOW + KEYS_FRESH_SECONDS) is Refusal.KEY


async def test_keys_outlast_a_failure_for_a_while(issuers: OidcIssuers, issuer: Issuer) -> None:
    token = issuer.sign(claims(issuer) | {"exp": NOW + 10_000})
    assert await verify(issuers, issuer, token)
    issuer.instead["/jwks"] = lambda: said({}, 503)
    assert await verify(issuers, issuer, token, NOW + KEYS_STALE_SECONDS - 1)
    with pytest.raises(SourceFailed, match="status 503"):
        await verify(issuers, issuer, token, NOW + KEYS_STALE_SECONDS)
    asked = len(issuer.asked)
    with pytest.raises(SourceFailed, match="status 503"):
        await verify(issuers, issuer, token, NOW + KEYS_STALE_SECONDS + 1)
    assert len(issuer.asked) == asked
    del issuer.instead["/jwks"]
    assert await verify(issuers, issuer, token, NOW + KEYS_STALE_SECONDS + RETRY_SECONDS)


async def test_attack_discovery_of_another_issuer(issuers: OidcIssuers, issuer: Issuer) -> None:
    for name in ("https://evil.example", f"{issuer.url}/", None, 7):
        issuer.metadata["issuer"] = name
        found = OidcIssuers()
        with pytest.raises(SourceFailed, match="says that it is"):
            await verify(found, issuer, issuer.sign(claims(issuer)))
        await found.close()
    assert "/jwks" not in issuer.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/jwks",
        "file:///etc/passwd",
        "https://user@evil.example/",
        "http://127.0.0.1.evil.example/jwks",
        "http://localhost@evil.example/jwks",
        "",
        7,
        None,
        "https://",
        "https://x:99999/",
        "https://x/\n",
    ],
)
async def test_attack_discovery_names_a_bad_address(
    url: Any, issuers: OidcIssuers, issuer: Issuer
) -> None:
    issuer.metadata["jwks_uri"] = url
    with pytest.raises(SourceFailed, match="jwks_uri"):
        await verify(issuers, issuer, issuer.sign(claims(issuer)))


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
async def test_attack_answer_too_big(path: str, issuers: OidcIssuers, issuer: Issuer) -> None:
    big = b'{"keys":[' + b" " * fetching.ANSWER_MAX_BYTES + b"]}"
    for headers in ({}, {"Connection": "close"}):
        issuer.instead[path] = lambda headers=headers: (200, headers, big)  # type: ignore[misc]
        found = OidcIssuers()
        with pytest.raises(SourceFailed, match="more than"):
            await verify(found, issuer, issuer.sign(claims(issuer)))
        await found.close()


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
async def test_attack_answer_too_slow(
    path: str, issuers: OidcIssuers, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "REQUEST_SECONDS", 0.1)
    go_on = threading.Event()

    def wait() -> Answer:
        go_on.wait(10)
        return said({})

    issuer.instead[path] = wait
    with pytest.raises(SourceFailed, match="does not answer within"):
        await verify(issuers, issuer, issuer.sign(claims(issuer)))
    go_on.set()


async def test_attack_answer_torn(issuers: OidcIssuers, issuer: Issuer) -> None:
    issuer.instead["/jwks"] = lambda: (200, {"Content-Length": "100"}, b"{}")
    with pytest.raises(SourceFailed, match="cannot be reached"):
        await verify(issuers, issuer, issuer.sign(claims(issuer)))


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
async def test_attack_redirect(path: str, issuers: OidcIssuers, issuer: Issuer) -> None:
    with simulated.issuer() as evil:
        issuer.instead[path] = lambda: (302, {"Location": f"{evil.url}{path}"}, b"")
        with pytest.raises(SourceFailed, match="redirects to"):
            await verify(issuers, issuer, issuer.sign(claims(issuer)))
        assert evil.asked == []


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"[" * 5000, b'{"keys":7}', b'{"keys":[]}']
)
async def test_keys_that_are_none(answer: bytes, issuers: OidcIssuers, issuer: Issuer) -> None:
    issuer.instead["/jwks"] = lambda: (200, {}, answer)
    with pytest.raises(SourceFailed, match=r"no JSON object|holds no key"):
        await verify(issuers, issuer, issuer.sign(claims(issuer)))


async def test_keys_of_no_use_are_passed_over(issuers: OidcIssuers, issuer: Issuer) -> None:
    good = {**issuer.published[0]}
    bad: list[Any] = [
        7,
        {},
        {"kty": "AKP", "kid": "post-quantum"},
        {**good, "use": "enc"},
        {**good, "key_ops": ["sign"]},
        {**good, "alg": "ES384", "kid": "x"},
        {**good, "crv": "P-999"},
        {**good, "x": "AAAA"},
        {**good, "x": 7},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "_" * 2000, "e": "AQAB"},
        {"kty": ["RSA"], "crv": {}},
    ]
    issuer.published = [*bad, good]
    assert await verify(issuers, issuer, issuer.sign(claims(issuer)))


async def test_issuers_with_a_path(rsa_key: RSAKey) -> None:
    with simulated.issuer("RS256", key=rsa_key, path="/realms/acme") as issuer:
        issuers = OidcIssuers()
        assert await verify(issuers, issuer, issuer.sign(claims(issuer)))
        await issuers.close()


async def test_keys_of_a_file(issuer: Issuer, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    issuers = OidcIssuers([Site(issuer.url, keys_file=file)])
    token = issuer.sign(claims(issuer) | {"exp": NOW + 10_000})
    with pytest.raises(SourceFailed, match=r"jwks\.json holds no JWK set"):
        await verify(issuers, issuer, token)
    file.write_text(json.dumps({"keys": issuer.published}))
    assert await verify(issuers, issuer, token, NOW + RETRY_SECONDS)
    issuer.rotate()
    file.write_text(json.dumps({"keys": issuer.published}))
    later = NOW + RETRY_SECONDS + UNKNOWN_KEY_SECONDS
    assert await verify(issuers, issuer, issuer.sign(claims(issuer)), later)
    file.write_bytes(b" " * (fetching.ANSWER_MAX_BYTES + 1))
    with pytest.raises(SourceFailed, match="more than"):
        await verify(issuers, issuer, token, later + KEYS_STALE_SECONDS)
    assert issuer.asked == []


async def test_an_issuer_that_is_not_there(issuers: OidcIssuers) -> None:
    with simulated.issuer() as issuer:
        pass
    found = OidcIssuers()
    with pytest.raises(SourceFailed, match=r"cannot be reached.*HTTPS_PROXY"):
        await verify(found, issuer, issuer.sign(claims(issuer)))
    await found.close()


def test_private_parts_of_a_published_key_are_not_kept() -> None:
    key = ECKey.generate_key("P-256")
    kept = parse_keys({"keys": [dict(key.as_dict(private=True))]}, "there").keys[0]
    assert not kept.key.is_private
    kept.key.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
