"""Asking issuers on loopback about tokens."""

import time
from typing import Any

import pytest

from entrepot.adapters.oidc.issuers import OidcIssuers
from entrepot.ports.federation import Claims, Refusal, TokenRefused
from tests import issuers as simulated
from tests.issuers import Issuer

AUDIENCE = "https://registry.example"
NOW = time.time()
DISCOVERY = "/.well-known/openid-configuration"


def claims(issuer: Issuer, **more: Any) -> dict[str, Any]:
    return simulated.github_claims(issuer.url, audience=AUDIENCE, **more)


async def verify(issuers: OidcIssuers, issuer: Issuer, token: str, now: float = NOW) -> Claims:
    return await issuers.verify(token, issuer=issuer.url, audiences=[AUDIENCE], now=now)


async def refusal(issuers: OidcIssuers, issuer: Issuer, token: str, now: float = NOW) -> Refusal:
    with pytest.raises(TokenRefused) as caught:
        await verify(issuers, issuer, token, now)
    assert token not in caught.value.message
    assert caught.value.message.count(": ") >= 1
    return caught.value.refusal
