"""Accounts, tokens and access on an in-memory catalog, with fast passwords."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.oci.name import RepositoryName
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog
from entrepot.rules.access import Kind, Policy
from entrepot.rules.roles import Role
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService
from entrepot.services.standing import Standing
from entrepot.services.tokens import TokenService
from entrepot.wiring.gate import Gate, Ground, Terms, assemble_gate
from tests.services.house import Counting, HandClock

APP = RepositoryName("library/app")
AUDIENCE = "registry.test"
PASSWORD = "correct horse"
KEY = new_key()


@dataclass
class PlainPasswords:
    """Hashes that are no secret; counts its work, and can be held up."""

    hashed: int = 0
    verified: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return f"plain${self.hashed}${password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        self.verified.append(password)
        # Others run meanwhile, as with a real hash.
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        _, number, right = password_hash.split("$", 2)
        return bool(number) and right == password


@dataclass
class UserList:
    """Users of a file that a test changes as it likes."""

    accounts: dict[str, Account] = field(default_factory=dict)
    path: str = "/auth/htpasswd"

    def put(self, name: str, password: str = PASSWORD) -> None:
        self.accounts[name] = Account(name, Role.MAINTAINER, f"plain$1${password}", 0.0, 0.5)

    async def find(self, name: str) -> Account | None:
        return self.accounts.get(name)

    async def page(self, after: str, limit: int) -> list[Account]:
        return [self.accounts[name] for name in sorted(self.accounts) if name > after][:limit]

    def hash_of_nobody(self) -> str:
        return "plain$1$\0"


@dataclass
class People:
    """The services with what they stand on."""

    catalog: Catalog
    passwords: PlainPasswords
    clock: HandClock
    accounts: AccountService
    gate: Gate
    file: UserList | None = None

    @property
    def tokens(self) -> TokenService:
        return self.gate.tokens

    @property
    def access(self) -> AccessService:
        return self.gate.access

    async def holder(self, name: str = "alice") -> Standing:
        """Return an account as tokens are issued to it."""
        found = await self.gate.standing.of(Kind.USER, name)
        assert found is not None
        return found

    async def add(self, name: str = "alice", role: Role = Role.DEVELOPER) -> Account:
        return await self.accounts.add(name, PASSWORD, role)

    def restarted(self) -> "People":
        """Return the services of another process on the same catalog and key."""
        return _people(self.catalog, self.clock, self.access.policy)


def _people(
    catalog: Catalog, clock: HandClock, policy: Policy, file: UserList | None = None
) -> People:
    chance, passwords = Counting(), PlainPasswords()
    accounts = AccountService(catalog, passwords, clock, chance, file=file)
    ground = Ground(catalog, clock, chance, Es256Signer(KEY), passwords=passwords)
    gate = assemble_gate(ground, accounts, policy, Terms(AUDIENCE))
    return People(catalog, passwords, clock, accounts, gate, file)


@asynccontextmanager
async def open_people(
    policy: Policy | None = None, file: UserList | None = None
) -> AsyncIterator[People]:
    """Yield services without any account."""
    catalog = await open_catalog("sqlite:///:memory:")
    try:
        yield _people(catalog, HandClock(), policy or Policy(), file)
    finally:
        await catalog.close()
