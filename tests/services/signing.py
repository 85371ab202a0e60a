"""Accounts with second factors, and sessions of browsers, on an in-memory catalog."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.adapters.passkeys import WebauthnPasskeys
from entrepot.adapters.sealing import Keyring
from entrepot.ports.sealing import Sealer
from entrepot.rules.otp import STEP_SECONDS, code_at, step_of
from entrepot.services.context import Caller
from entrepot.services.factors import Enrolled, FactorService, Me
from entrepot.services.signin import Needs, SigninService
from entrepot.services.websessions import Opened, WebSessionService
from tests.authenticator import Authenticator
from tests.services.crowd import Crowd, open_crowd
from tests.services.house import Counting
from tests.services.people import PASSWORD

URL, HOST = "https://registry.test", "registry.test"
ALICE = Me(Caller("alice", "Firefox", "192.0.2.1"), PASSWORD)
BROWSER = Caller("", "Firefox", "192.0.2.1")


def new_sealer() -> Sealer:
    return Keyring({"test": bytes(32)})


@dataclass
class Signing:
    """The services, and what Alice has in her hands."""

    people: Crowd
    factors: FactorService
    sessions: WebSessionService
    signin: SigninService
    secrets: dict[str, bytes] = field(default_factory=dict)
    """Of authenticator apps, by user."""

    def code(self, name: str = "alice", *, steps: int = 0) -> str:
        """Return what the user's app shows."""
        return code_at(self.secrets[name], step_of(self.people.clock.now()) + steps)

    def next_step(self) -> None:
        """Wait for the app's next code."""
        self.people.clock.seconds += STEP_SECONDS

    async def enrol_totp(self, me: Me = ALICE) -> Enrolled:
        """Enrol an app, and wait for its next code."""
        offer = await self.factors.begin_totp(me, "phone")
        async with self.people.catalog.begin() as tx:
            ceremony = await self.factors.ceremonies.find(tx, offer.ticket, "enrol-totp")
        self.secrets[me.name] = ceremony.matter.secret
        enrolled = await self.factors.confirm_totp(me.caller, offer.ticket, self.code(me.name))
        self.next_step()
        return enrolled

    async def enrol_passkey(self, me: Me = ALICE) -> Authenticator:
        authenticator = Authenticator(URL, HOST)
        ticket, options = await self.factors.begin_passkey(me, "key ring")
        await self.factors.confirm_passkey(me.caller, ticket, authenticator.create(options))
        return authenticator

    async def needs(self, name: str = "alice") -> Needs:
        """Type the password; more is needed."""
        found = await self.signin.begin(name, PASSWORD, BROWSER)
        assert isinstance(found, Needs)
        return found

    async def signed_in(self, name: str = "alice") -> Opened:
        """Type the password; that is enough."""
        found = await self.signin.begin(name, PASSWORD, BROWSER)
        assert isinstance(found, Opened)
        return found

    def restarted(self) -> "Signing":
        """Return the services of another process on the same catalog and keys."""
        made = signing_of(self.people.restarted())
        made.secrets = self.secrets
        return made


def signing_of(people: Crowd, *, has_address: bool = True) -> Signing:
    chance = Counting(1 << 64)
    catalog, clock, accounts = people.catalog, people.clock, people.accounts
    factors = FactorService(
        catalog,
        clock,
        chance,
        accounts=accounts,
        sealer=new_sealer(),
        passkeys=WebauthnPasskeys(URL, "Entrepot") if has_address else None,
    )
    sessions = WebSessionService(catalog, clock, chance, accounts)
    signin = SigninService(catalog, accounts=accounts, factors=factors, sessions=sessions)
    return Signing(people, factors, sessions, signin)


@asynccontextmanager
async def open_signing() -> AsyncIterator[Signing]:
    """Yield services, and an account of Alice."""
    async with open_crowd() as people:
        await people.add("alice")
        yield signing_of(people)
