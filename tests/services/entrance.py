"""Signing in at a simulated provider: services, and browsers with cookies."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from entrepot.adapters.oidc.provider import Client, HttpOidcProvider
from entrepot.ports.federation import Returned
from entrepot.rules.federation.people import OidcRules
from entrepot.services.sso import Begun, Landed, SsoService, SsoTerms
from tests.issuers import Issuer
from tests.services.house import Counting
from tests.services.signing import new_sealer
from tests.services.visitors import Visitors, open_visitors

CALLBACK = "https://registry.test/signin/oidc/callback"
ALICE = {
    "sub": "alice-1",
    "preferred_username": "alice",
    "name": "Alice Liddell",
    "email": "alice@example.com",
    "email_verified": True,
    "groups": ["dev"],
}


@dataclass
class Entrance:
    """The service with what it stands on; `begun` are logins of a browser, by their cookie."""

    visitors: Visitors
    issuer: Issuer
    service: SsoService
    chance: Counting
    claims: dict[str, Any] = field(default_factory=lambda: dict(ALICE))

    def back(self, begun: Begun) -> dict[str, str]:
        """Log in at the provider; return what comes back with the browser."""
        return self.issuer.authorize(begun.url, self.claims)

    async def finish(self, cookie: str, back: dict[str, str]) -> Landed:
        returned = Returned(back.get("code", ""), back.get("iss"))
        return await self.service.finish(cookie, back.get("state", ""), returned)

    async def login(self, following: str = "/") -> Landed:
        begun = await self.service.begin(following)
        return await self.finish(begun.cookie, self.back(begun))

    def another(self, issuer: Issuer, **changes: Any) -> "tuple[SsoService, HttpOidcProvider]":
        """Return the service of a registry with other settings, and its provider."""
        return _service(self.visitors, issuer, self.chance, **changes)


def _service(
    visitors: Visitors, issuer: Issuer, chance: Counting, **changes: Any
) -> tuple[SsoService, HttpOidcProvider]:
    rules = OidcRules(admin_group="admins")
    given = {"client_id": "entrepot", "secret": issuer.secret, "wanted": rules.wanted, **changes}
    provider = HttpOidcProvider(Client(issuer.url, **given), visitors.clock)
    service = SsoService(
        visitors.clock,
        chance,
        provider=provider,
        sealer=new_sealer(),
        welcomer=visitors.welcomer,
        terms=SsoTerms(rules, CALLBACK),
        log=visitors.log,
    )
    return service, provider


@asynccontextmanager
async def open_entrance(issuer: Issuer) -> AsyncIterator[Entrance]:
    async with open_visitors() as visitors:
        visitors.clock.seconds = time.time()
        chance = Counting(1 << 120)
        service, provider = _service(visitors, issuer, chance)
        yield Entrance(visitors, issuer, service, chance)
        await provider.close()
