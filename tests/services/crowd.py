"""Accounts alone on an in-memory catalog, with fast passwords."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog
from entrepot.rules.roles import Role
from entrepot.services.accounts import AccountService
from tests.services.house import Counting, HandClock
from tests.services.people import PASSWORD, PlainPasswords, UserList


@dataclass
class Crowd:
    """The service with what it stands on."""

    catalog: Catalog
    passwords: PlainPasswords
    clock: HandClock
    accounts: AccountService

    async def add(self, name: str = "alice", role: Role = Role.DEVELOPER) -> Account:
        return await self.accounts.add(name, PASSWORD, role)

    def restarted(self) -> "Crowd":
        """Return the service of another process on the same catalog."""
        return _crowd(self.catalog, self.clock)


def _crowd(catalog: Catalog, clock: HandClock, file: UserList | None = None) -> Crowd:
    passwords = PlainPasswords()
    accounts = AccountService(catalog, passwords, clock, Counting(), file=file)
    return Crowd(catalog, passwords, clock, accounts)


@asynccontextmanager
async def open_crowd(file: UserList | None = None) -> AsyncIterator[Crowd]:
    """Yield the service without any account."""
    catalog = await open_catalog("sqlite:///:memory:")
    try:
        yield _crowd(catalog, HandClock(), file)
    finally:
        await catalog.close()
