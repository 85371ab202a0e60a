"""Logging in at a provider that is not ours: Authlib's server underneath."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from entrepot.adapters.oidc.provider import Client, HttpOidcProvider
from entrepot.adapters.system import SystemClock
from entrepot.ports.federation import Attempt, Refusal, Returned, TokenRefused
from entrepot.ports.identity import SourceFailed
from entrepot.rules.federation.people import OidcRules

BACK = "http://127.0.0.1:5000/c/oidc/callback"
ATTEMPT = Attempt("nonce-1", "v" * 64, BACK)
ALICE = {
    "sub": "alice-1",
    "preferred_username": "alice",
    "name": "Alice Liddell",
    "email": "alice@example.com",
    "email_verified": True,
    "groups": ["dev", "admins"],
}
_URL = re.compile(r"running on (http://127\.0\.0\.1:[0-9]+)")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", "0", "--require-registration"]
    with subprocess.Popen(
        [*command, "--user-claims", json.dumps(ALICE)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            found = _URL.search(line)
            if found:
                break
        else:
            pytest.fail("the provider does not start")
        # It says more on each request, which nobody reads: far less than a pipe holds.
        yield found[1]
        process.terminate()


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@contextlib.asynccontextmanager
async def registered(
    issuer: str, web: aiohttp.ClientSession, method: str, **more: str
) -> AsyncIterator[HttpOidcProvider]:
    wanted = {"redirect_uris": [BACK], "token_endpoint_auth_method": method}
    async with web.post(f"{issuer}/oauth2/clients", json=wanted) as answer:
        made = await answer.json()
    client = Client(
        issuer,
        made["client_id"],
        made["client_secret"] if "secret" not in more else more["secret"],
        wanted=OidcRules().wanted,
        auth_method=method,
    )
    provider = HttpOidcProvider(client, SystemClock())
    yield provider
    await provider.close()


async def browse(provider: HttpOidcProvider, web: aiohttp.ClientSession, sub: str) -> Returned:
    url = await provider.authorization_url(ATTEMPT, state="state-1")
    async with web.post(url, data={"sub": sub}, allow_redirects=False) as answer:
        back = answer.headers["Location"]
    assert back.startswith(BACK)
    found = parse_qs(urlsplit(back).query)
    assert found["state"] == ["state-1"]
    return Returned(found["code"][0], found.get("iss", [None])[0])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_login(method: str, issuer: str, web: aiohttp.ClientSession) -> None:
    async with registered(issuer, web, method) as provider:
        await provider.check()
        returned = await browse(provider, web, "alice-1")
        claims = await provider.redeem(returned, ATTEMPT, now=time.time())
        assert claims["nonce"] == "nonce-1"
        assert "at_hash" in claims
        found = OidcRules(admin_group="admins", email_domains=("example.com",)).describe(claims)
        assert (found.name, found.subject) == ("alice", f"{issuer} alice-1")
        assert (found.groups, found.is_admin) == (("dev", "admins"), True)
        with pytest.raises(TokenRefused) as caught:
            await provider.redeem(returned, ATTEMPT, now=time.time())
        assert caught.value.refusal is Refusal.CODE


async def test_attack_code_of_another_login(issuer: str, web: aiohttp.ClientSession) -> None:
    """The provider does not hold the verifier against the code; the nonce gives it away."""
    async with registered(issuer, web, "client_secret_basic") as provider:
        returned = await browse(provider, web, "mallory")
        mine = Attempt("nonce-2", "w" * 64, BACK)
        with pytest.raises(TokenRefused) as caught:
            await provider.redeem(returned, mine, now=time.time())
        assert caught.value.refusal is Refusal.NONCE


async def test_a_wrong_secret(issuer: str, web: aiohttp.ClientSession) -> None:
    async with registered(issuer, web, "client_secret_basic", secret="wrong") as provider:
        returned = await browse(provider, web, "alice-1")
        with pytest.raises(SourceFailed, match="invalid_client"):
            await provider.redeem(returned, ATTEMPT, now=time.time())


async def test_many_logins_at_once(issuer: str, web: aiohttp.ClientSession) -> None:
    async with registered(issuer, web, "client_secret_basic") as provider:
        back = [await browse(provider, web, f"user-{number}") for number in range(8)]
        now = time.time()
        found = await asyncio.gather(
            *(provider.redeem(returned, ATTEMPT, now=now) for returned in back)
        )
        assert [claims["sub"] for claims in found] == [f"user-{number}" for number in range(8)]
