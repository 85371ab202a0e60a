"""Tokens of issuers on loopback, true ones and those of attackers."""

import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

from entrepot.adapters.oidc import LateIssuers, Site
from entrepot.adapters.oidc.issuers import ISSUERS_MAX, OidcIssuers
from entrepot.adapters.oidc.tokens import LEEWAY_SECONDS
from entrepot.ports.federation import Refusal, TokenRefused
from entrepot.ports.identity import SourceFailed
from tests import issuers as simulated
from tests.adapters.oidc.asking import AUDIENCE, DISCOVERY, NOW, claims, refusal, verify
from tests.issuers import Issuer, signed


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
)
async def test_algorithms(algorithm: str, rsa_key: RSAKey) -> None:
    key = rsa_key if algorithm[1] == "S" and algorithm[0] in "RP" else None
    with simulated.issuer(algorithm, key=key) as issuer:
        issuers = OidcIssuers()
        found = await verify(issuers, issuer, issuer.sign(claims(issuer)))
        assert found["repository"] == "acme/web"
        await issuers.close()


@pytest.mark.parametrize(
    "shape", [simulated.github_claims, simulated.gitlab_claims, simulated.kubernetes_claims]
)
async def test_what_real_issuers_send(
    shape: Callable[..., dict[str, Any]], issuers: OidcIssuers, issuer: Issuer
) -> None:
    sent = shape(issuer.url, audience=AUDIENCE)
    assert await verify(issuers, issuer, issuer.sign(sent, typ=None)) == sent
    assert issuer.asked == [DISCOVERY, "/jwks"]


async def test_attack_alg_none(issuers: OidcIssuers, issuer: Issuer) -> None:
    head, body, signature = issuer.sign(claims(issuer)).split(".")
    none = simulated._base64(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    for token in (f"{none}.{body}.{signature}", f"{none}.{body}.AA"):
        assert await refusal(issuers, issuer, token) is Refusal.ALGORITHM
    assert await refusal(issuers, issuer, f"{none}.{body}.") is Refusal.MALFORMED
    assert await refusal(issuers, issuer, f"{head}.{body}.") is Refusal.MALFORMED
    for name in ("None", "NONE", "nOnE"):
        head = simulated._base64(json.dumps({"alg": name}).encode())
        assert await refusal(issuers, issuer, f"{head}.{body}.AA") is Refusal.ALGORITHM


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_attack_shared_secret_of_the_public_key(
    algorithm: str, issuers: OidcIssuers, issuer: Issuer
) -> None:
    public = issuer.key.as_pem(private=False)
    head = simulated._base64(json.dumps({"alg": algorithm, "kid": issuer.key.kid}).encode())
    start = f"{head}.{issuer.sign(claims(issuer)).split('.')[1]}"
    for secret in (public, public.strip(), json.dumps(issuer.published[0]).encode()):
        # By hand: the library refuses to sign so.
        mac = hmac.digest(secret, start.encode(), f"sha{algorithm[2:]}")
        token = f"{start}.{simulated._base64(mac)}"
        assert await refusal(issuers, issuer, token) is Refusal.ALGORITHM


async def test_attack_published_shared_secret(issuers: OidcIssuers, issuer: Issuer) -> None:
    secret = OctKey.generate_key(256)
    issuer.published.append({**secret.as_dict(), "kid": "oct", "alg": "HS256"})
    token = signed(claims(issuer), secret, {"alg": "HS256", "kid": "oct"})
    assert await refusal(issuers, issuer, token) is Refusal.ALGORITHM


async def test_attack_algorithm_of_another_kind_of_key(rsa_key: RSAKey) -> None:
    with simulated.issuer("RS256", key=rsa_key) as issuer:
        issuers = OidcIssuers()
        for other in ("ES256", "EdDSA"):
            token = issuer.sign(claims(issuer), kid=issuer.key.kid)
            head = simulated._base64(json.dumps({"alg": other, "kid": issuer.key.kid}).encode())
            token = f"{head}.{token.partition('.')[2]}"
            assert await refusal(issuers, issuer, token) is Refusal.KEY
        await issuers.close()


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "/etc/passwd", "https://evil.example/key", "' OR 1=1 --", "", "\x00"],
)
async def test_attack_kid_injection(kid: str, issuers: OidcIssuers, issuer: Issuer) -> None:
    assert await verify(issuers, issuer, issuer.sign(claims(issuer)))
    asked = [*issuer.asked]
    for key in (issuer.key, ECKey.generate_key("P-256")):
        token = signed(claims(issuer), key, {"alg": "ES256", "kid": kid})
        assert await refusal(issuers, issuer, token) is Refusal.KEY
    assert issuer.asked == asked


@pytest.mark.parametrize("kid", [1, None, ["x"], {"x": 1}, "k" * 257])
async def test_attack_kid_of_other_kinds(kid: Any, issuers: OidcIssuers, issuer: Issuer) -> None:
    token = signed(claims(issuer), ECKey.generate_key("P-256"), {"alg": "ES256", "kid": kid})
    expected = Refusal.SIGNATURE if kid is None else Refusal.MALFORMED
    assert await refusal(issuers, issuer, token) is expected


async def test_attack_key_in_the_header(issuers: OidcIssuers, issuer: Issuer) -> None:
    with simulated.issuer() as evil:
        public = dict(evil.key.as_dict(private=False))
        for more in (
            {"jwk": public},
            {"jku": f"{evil.url}/jwks"},
            {"x5u": f"{evil.url}/jwks"},
            {"x5c": ["MIIB"]},
            {"jwk": public, "jku": f"{evil.url}/jwks", "kid": issuer.key.kid},
        ):
            token = evil.sign(claims(issuer), **{"kid": None, **more})
            assert await refusal(issuers, issuer, token) is Refusal.SIGNATURE
            # They are not looked at, so that they do no harm where the key is right.
            assert await verify(
                issuers, issuer, issuer.sign(claims(issuer), **{**more, "kid": None})
            )
        assert evil.asked == []


async def test_attack_critical_extension(issuers: OidcIssuers, issuer: Issuer) -> None:
    for more in ({"crit": ["b64"], "b64": False}, {"crit": ["exp"]}, {"b64": True}):
        token = issuer.sign(claims(issuer), **more)
        assert await refusal(issuers, issuer, token) is Refusal.MALFORMED


@pytest.mark.parametrize("kind", ["at+jwt", "logout+jwt", "secevent+jwt", 7])
async def test_attack_token_of_another_type(
    kind: Any, issuers: OidcIssuers, issuer: Issuer
) -> None:
    token = issuer.sign(claims(issuer), typ=kind)
    assert await refusal(issuers, issuer, token) is Refusal.MALFORMED


async def test_attack_expired(issuers: OidcIssuers, issuer: Issuer) -> None:
    token = issuer.sign(claims(issuer) | {"iat": NOW - 400, "nbf": NOW - 400, "exp": NOW - 100})
    assert await refusal(issuers, issuer, token) is Refusal.EXPIRED
    assert await verify(issuers, issuer, token, NOW - 100 + LEEWAY_SECONDS - 1)
    at_last = await refusal(issuers, issuer, token, NOW - 100 + LEEWAY_SECONDS)
    assert at_last is Refusal.EXPIRED


@pytest.mark.parametrize("name", ["nbf", "iat"])
async def test_attack_not_yet_valid(name: str, issuers: OidcIssuers, issuer: Issuer) -> None:
    at = int(NOW)
    for ahead, is_right in ((LEEWAY_SECONDS, True), (LEEWAY_SECONDS + 2, False)):
        token = issuer.sign(claims(issuer) | {"iat": at, "nbf": at, name: at + ahead})
        if is_right:
            assert await verify(issuers, issuer, token)
        else:
            assert await refusal(issuers, issuer, token) is Refusal.NOT_YET_VALID


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [None, True, "2000000000", [2000000000], 10**20, -(10**20)])
async def test_attack_times_that_are_none(
    name: str, value: Any, issuers: OidcIssuers, issuer: Issuer
) -> None:
    token = issuer.sign(claims(issuer) | {name: value})
    assert await refusal(issuers, issuer, token) is Refusal.MALFORMED


async def test_attack_no_expiry(issuers: OidcIssuers, issuer: Issuer) -> None:
    sent = claims(issuer)
    del sent["exp"]
    assert await refusal(issuers, issuer, issuer.sign(sent)) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "audience",
    [
        "https://github.com/acme",
        f"{AUDIENCE}/",
        f"{AUDIENCE}.evil.example",
        AUDIENCE.upper(),
        [],
        ["other"],
        [[AUDIENCE]],
        {"aud": AUDIENCE},
        None,
        "",
    ],
)
async def test_attack_wrong_audience(audience: Any, issuers: OidcIssuers, issuer: Issuer) -> None:
    token = issuer.sign(claims(issuer) | {"aud": audience})
    assert await refusal(issuers, issuer, token) is Refusal.AUDIENCE


async def test_audiences(issuers: OidcIssuers, issuer: Issuer) -> None:
    token = issuer.sign(claims(issuer) | {"aud": ["other", AUDIENCE]})
    assert await verify(issuers, issuer, token)


async def test_attack_wrong_issuer(issuers: OidcIssuers, issuer: Issuer) -> None:
    for name in ("https://evil.example", f"{issuer.url}/", issuer.url.upper(), None, [issuer.url]):
        token = issuer.sign(claims(issuer) | {"iss": name})
        assert await refusal(issuers, issuer, token) is Refusal.ISSUER


async def test_attack_token_of_another_trusted_issuer(issuer: Issuer) -> None:
    with simulated.issuer() as other:
        issuers = OidcIssuers()
        token = other.sign(claims(issuer))  # says it is of the first
        assert await refusal(issuers, issuer, token) is Refusal.KEY
        token = other.sign(claims(issuer), kid=issuer.key.kid)
        assert await refusal(issuers, issuer, token) is Refusal.SIGNATURE
        await issuers.close()


async def test_attack_address_of_a_token(issuers: OidcIssuers, issuer: Issuer) -> None:
    """Asked is whom the caller names, whatever the token says."""
    with simulated.issuer() as evil:
        token = evil.sign(claims(evil))
        assert await refusal(issuers, issuer, token) is Refusal.KEY
        assert evil.asked == []
        for name in ("http://evil.example", "file:///etc/passwd", ""):
            with pytest.raises(TokenRefused, match="no issuer that can be asked"):
                await issuers.verify(token, issuer=name, audiences=[AUDIENCE], now=NOW)


async def test_few_issuers_are_remembered(issuers: OidcIssuers, issuer: Issuer) -> None:
    token = issuer.sign(claims(issuer))
    await verify(issuers, issuer, token)
    for number in range(ISSUERS_MAX):
        with pytest.raises(TokenRefused):
            await issuers.verify(
                "x", issuer=f"{issuer.url}/{number}", audiences=[AUDIENCE], now=NOW
            )
    assert len(issuers._issuers) == ISSUERS_MAX
    await verify(issuers, issuer, token)
    assert issuer.asked.count("/jwks") == 2


async def test_late(issuer: Issuer, tmp_path: Path) -> None:
    issuers = LateIssuers()
    await issuers.close()
    token = issuer.sign(claims(issuer))
    for _ in range(2):
        found = await issuers.verify(token, issuer=issuer.url, audiences=[AUDIENCE], now=NOW)
        assert found["repository"] == "acme/web"
    assert issuer.asked.count("/jwks") == 1
    await issuers.close()
    issuers = LateIssuers([Site(issuer.url, ca_file=tmp_path / "missing.pem")])
    with pytest.raises(SourceFailed, match="no certificates"):
        await issuers.verify(token, issuer=issuer.url, audiences=[AUDIENCE], now=NOW)


def test_late_is_light() -> None:
    code = "import sys, entrepot.adapters.oidc; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_attack_changed_claims(issuers: OidcIssuers, issuer: Issuer) -> None:
    head, body, signature = issuer.sign(claims(issuer)).split(".")
    other = simulated._base64(json.dumps(claims(issuer, repository="evil/x")).encode())
    assert await refusal(issuers, issuer, f"{head}.{other}.{signature}") is Refusal.SIGNATURE
    assert await refusal(issuers, issuer, f"{head}.{body}.{signature[:-8]}") is Refusal.SIGNATURE


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", "eyJ9.e30.AA", "x" * 40_000, "ä.b.c", "e30.e30.A A"],
)
async def test_attack_no_token(token: str, issuers: OidcIssuers, issuer: Issuer) -> None:
    with pytest.raises(TokenRefused) as caught:
        await verify(issuers, issuer, token)
    assert caught.value.refusal in (Refusal.MALFORMED, Refusal.ALGORITHM)
    assert issuer.asked == []


async def test_claims_that_are_no_object(issuers: OidcIssuers, issuer: Issuer) -> None:
    others: list[Any] = [7, [], "x", None]
    for sent in others:
        token = signed(sent, issuer.key, {"alg": "ES256"})
        assert await refusal(issuers, issuer, token) is Refusal.MALFORMED
    start = simulated._base64(b'{"alg":"ES256"}')
    body = simulated._base64(b'{"a":' + b"[" * 9000 + b"]" * 9000 + b"}")
    model = JWSRegistry.algorithms["ES256"]
    signature = simulated._base64(model.sign(f"{start}.{body}".encode(), issuer.key))
    found = await refusal(issuers, issuer, f"{start}.{body}.{signature}")
    assert found is Refusal.MALFORMED
