"""Logging in at a provider on loopback that checks what a careful one does."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from entrepot.adapters.oidc.provider import Client, HttpOidcProvider
from entrepot.adapters.system import SystemClock
from entrepot.ports.federation import Attempt, Claims, Refusal, Returned, TokenRefused
from entrepot.ports.identity import SourceFailed
from entrepot.rules.federation.claims import challenge_of
from tests import issuers as simulated
from tests.adapters.oidc.asking import NOW
from tests.issuers import Issuer, said

CLIENT_ID = "registry: 1"
ATTEMPT = Attempt("nonce-1", "v" * 64, "https://registry.example/c/oidc/callback")
ALICE = {"sub": "alice-1", "preferred_username": "alice"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with simulated.issuer() as found:
        yield found


def client(issuer: Issuer, **more: Any) -> Client:
    return replace(Client(issuer.url, CLIENT_ID, issuer.secret), **more)


@pytest.fixture
async def provider(issuer: Issuer) -> AsyncIterator[HttpOidcProvider]:
    found = HttpOidcProvider(client(issuer), SystemClock())
    yield found
    await found.close()


async def browse(
    provider: HttpOidcProvider, issuer: Issuer, attempt: Attempt = ATTEMPT, **who: Any
) -> Returned:
    url = await provider.authorization_url(attempt, state="state-1")
    back = issuer.authorize(url, ALICE | who)
    assert back["state"] == "state-1"
    return Returned(back["code"], back.get("iss"))


async def login(
    provider: HttpOidcProvider, issuer: Issuer, attempt: Attempt = ATTEMPT, **who: Any
) -> Claims:
    returned = await browse(provider, issuer, attempt, **who)
    return await provider.redeem(returned, attempt, now=NOW)


async def refusal(provider: HttpOidcProvider, issuer: Issuer, **claims: Any) -> Refusal:
    issuer.id_token_claims = claims
    with pytest.raises(TokenRefused) as caught:
        await login(provider, issuer)
    return caught.value.refusal


async def test_login(provider: HttpOidcProvider, issuer: Issuer) -> None:
    await provider.check()
    claims = await login(provider, issuer)
    assert (claims["sub"], claims["preferred_username"]) == ("alice-1", "alice")
    assert "/userinfo" not in issuer.asked


async def test_where_the_browser_is_sent(provider: HttpOidcProvider, issuer: Issuer) -> None:
    issuer.metadata["authorization_endpoint"] += "?tenant=acme&state=theirs"
    url = urlsplit(await provider.authorization_url(ATTEMPT, state="state-1"))
    found = parse_qs(url.query)
    assert found.pop("code_challenge") == [challenge_of(ATTEMPT.verifier)]
    assert found == {
        "tenant": ["acme"],
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "redirect_uri": [ATTEMPT.redirect_uri],
        "scope": ["openid profile email"],
        "state": ["state-1"],
        "nonce": ["nonce-1"],
        "code_challenge_method": ["S256"],
    }
    assert ATTEMPT.verifier not in url.query


@pytest.mark.parametrize(
    "known,chosen",
    [
        (None, ""),
        (["client_secret_post"], ""),
        (["private_key_jwt", "client_secret_post"], ""),
        (["client_secret_basic"], "client_secret_post"),
        (["private_key_jwt"], ""),
    ],
)
async def test_how_the_client_proves_itself(known: Any, chosen: str, issuer: Issuer) -> None:
    if known is not None:
        issuer.metadata["token_endpoint_auth_methods_supported"] = known
    provider = HttpOidcProvider(client(issuer, auth_method=chosen), SystemClock())
    assert await login(provider, issuer)
    await provider.close()


async def test_a_public_client(issuer: Issuer) -> None:
    issuer.secret = ""
    provider = HttpOidcProvider(client(issuer, secret=""), SystemClock())
    assert await login(provider, issuer)
    await provider.close()


async def test_a_wrong_secret_is_nobodys_fault_who_logs_in(issuer: Issuer) -> None:
    provider = HttpOidcProvider(client(issuer, secret="wrong"), SystemClock())
    with pytest.raises(SourceFailed, match=r"invalid_client.*secret") as caught:
        await login(provider, issuer)
    assert "wrong" not in str(caught.value)
    assert "wrong" not in repr(client(issuer, secret="wrong"))
    await provider.close()


async def test_attack_code_replay(provider: HttpOidcProvider, issuer: Issuer) -> None:
    returned = await browse(provider, issuer)
    await provider.redeem(returned, ATTEMPT, now=NOW)
    with pytest.raises(TokenRefused) as caught:
        await provider.redeem(returned, ATTEMPT, now=NOW)
    assert caught.value.refusal is Refusal.CODE


async def test_attack_stolen_code_without_verifier(
    provider: HttpOidcProvider, issuer: Issuer
) -> None:
    returned = await browse(provider, issuer)
    with pytest.raises(TokenRefused) as caught:
        await provider.redeem(returned, replace(ATTEMPT, verifier="w" * 64), now=NOW)
    assert caught.value.refusal is Refusal.CODE


async def test_attack_nonce_replay(provider: HttpOidcProvider, issuer: Issuer) -> None:
    """The code of another login, which a provider without PKCE would take."""
    for nonce in ("nonce-of-an-earlier-login", "", None, 7, ["nonce-1"]):
        assert await refusal(provider, issuer, nonce=nonce) is Refusal.NONCE
    issuer.id_token_claims = {}
    empty = replace(ATTEMPT, nonce="")
    issuer.id_token_claims = {"nonce": ""}
    with pytest.raises(TokenRefused):
        await login(provider, issuer, empty)


async def test_attack_mix_up(provider: HttpOidcProvider, issuer: Issuer) -> None:
    issuer.metadata["authorization_response_iss_parameter_supported"] = True
    assert await login(provider, issuer)
    returned = await browse(provider, issuer)
    for name in ("https://evil.example", f"{issuer.url}/", "", None):
        with pytest.raises(TokenRefused) as caught:
            await provider.redeem(replace(returned, issuer=name), ATTEMPT, now=NOW)
        assert caught.value.refusal is Refusal.ISSUER
    assert issuer.asked.count("/token") == 1  # the code went nowhere


async def test_attack_mix_up_where_nothing_is_announced(
    provider: HttpOidcProvider, issuer: Issuer
) -> None:
    returned = await browse(provider, issuer)
    assert returned.issuer is None
    with pytest.raises(TokenRefused):
        await provider.redeem(replace(returned, issuer="https://evil.example"), ATTEMPT, now=NOW)
    assert "/token" not in issuer.asked


async def test_attack_id_token_of_another_issuer(
    provider: HttpOidcProvider, issuer: Issuer
) -> None:
    assert await refusal(provider, issuer, iss="https://evil.example") is Refusal.ISSUER


async def test_attack_id_token_of_another_client(
    provider: HttpOidcProvider, issuer: Issuer
) -> None:
    assert await refusal(provider, issuer, aud="other") is Refusal.AUDIENCE
    assert await refusal(provider, issuer, aud=[CLIENT_ID, "other"]) is Refusal.AUDIENCE
    assert await refusal(provider, issuer, azp="other") is Refusal.AUDIENCE
    both = {"aud": [CLIENT_ID, "other"]}
    assert await refusal(provider, issuer, **both, azp="other") is Refusal.AUDIENCE
    issuer.id_token_claims = {**both, "azp": CLIENT_ID}
    assert await login(provider, issuer)


async def test_attack_id_token_expired(provider: HttpOidcProvider, issuer: Issuer) -> None:
    assert await refusal(provider, issuer, exp=NOW - 61) is Refusal.EXPIRED


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA", "RS512"])
async def test_attack_another_access_token(algorithm: str, rsa_key: Any) -> None:
    key = rsa_key if algorithm == "RS512" else None
    with simulated.issuer(algorithm, key=key) as issuer:
        provider = HttpOidcProvider(client(issuer), SystemClock())
        assert await refusal(provider, issuer, at_hash="AAAA") is Refusal.BINDING
        assert await refusal(provider, issuer, at_hash=7) is Refusal.BINDING
        issuer.hash_access_tokens = True
        issuer.id_token_claims = {}
        assert "at_hash" in await login(provider, issuer)
        await provider.close()


async def test_userinfo_fills_in_what_is_missing(issuer: Issuer) -> None:
    wanted = ("preferred_username", "/realm/groups")
    provider = HttpOidcProvider(client(issuer, wanted=wanted), SystemClock())
    issuer.userinfo = {
        "realm": {"groups": ["dev"]},
        "preferred_username": "mallory",
        "iss": "https://evil.example",
    }
    claims = await login(provider, issuer)
    assert claims["realm"] == {"groups": ["dev"]}
    assert (claims["preferred_username"], claims["iss"]) == ("alice", issuer.url)
    await provider.close()


async def test_attack_userinfo_of_somebody_else(issuer: Issuer) -> None:
    provider = HttpOidcProvider(client(issuer, wanted=("groups",)), SystemClock())
    for subject in ("bob", None):
        issuer.userinfo = {"sub": subject, "groups": ["admins"]}
        assert await refusal(provider, issuer) is Refusal.BINDING
    await provider.close()


async def test_userinfo_that_fails(issuer: Issuer) -> None:
    """Without groups somebody would be let in with less, or more, than is theirs."""
    provider = HttpOidcProvider(client(issuer, wanted=("groups",)), SystemClock())
    issuer.instead["/userinfo"] = lambda: said({}, 500)
    with pytest.raises(SourceFailed, match="status 500"):
        await login(provider, issuer)
    await provider.close()


@pytest.mark.parametrize(
    "status,body,message",
    [
        (200, {"access_token": "x"}, "no ID token"),
        (400, {"error": "invalid_request", "error_description": "x\ny"}, "invalid_request"),
        (500, {}, "status 500"),
        (401, {"error": ["x"]}, "status 401"),
        (200, [], "no JSON object"),
    ],
)
async def test_answers_of_no_use(
    status: int, body: Any, message: str, provider: HttpOidcProvider, issuer: Issuer
) -> None:
    returned = await browse(provider, issuer)
    issuer.instead["/token"] = lambda: said(body, status)
    with pytest.raises(SourceFailed, match=message):
        await provider.redeem(returned, ATTEMPT, now=NOW)


async def test_attack_token_endpoint_redirects(provider: HttpOidcProvider, issuer: Issuer) -> None:
    with simulated.issuer() as evil:
        returned = await browse(provider, issuer)
        issuer.instead["/token"] = lambda: (307, {"Location": f"{evil.url}/token"}, b"")
        with pytest.raises(SourceFailed, match="redirects"):
            await provider.redeem(returned, ATTEMPT, now=NOW)
        assert evil.asked == []


async def test_codes_that_are_none(provider: HttpOidcProvider, issuer: Issuer) -> None:
    for code in ("", "x" * 5000):
        with pytest.raises(TokenRefused):
            await provider.redeem(Returned(code), ATTEMPT, now=NOW)
    assert "/token" not in issuer.asked


@pytest.mark.parametrize(
    "metadata,message",
    [
        ({"token_endpoint": None}, "no address to log in at"),
        ({"authorization_endpoint": None}, "no address to log in at"),
        ({"authorization_endpoint": "http://sso.example/"}, "authorization_endpoint"),
        ({"token_endpoint": "javascript:alert(1)"}, "token_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
    ],
)
async def test_providers_of_no_use(
    metadata: dict[str, Any], message: str, provider: HttpOidcProvider, issuer: Issuer
) -> None:
    issuer.metadata |= metadata
    with pytest.raises(SourceFailed, match=message):
        await provider.check()
