"""Local accounts."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.rules.roles import Role


@dataclass(frozen=True, slots=True)
class Account:
    """A local user. `password_hash` is an argon2id string, never shown or logged.

    `changed_at` tells old tokens from new; that of a user of a file is no time.
    """

    name: str
    role: Role
    password_hash: str
    created_at: float
    changed_at: float


class Accounts(Protocol):
    """Local users by name."""

    async def find(self, name: str) -> Account | None: ...
    async def add(self, account: Account) -> bool:
        """Write a new account; False when the name is taken."""
        ...

    async def set_password(self, name: str, password_hash: str, now: float) -> bool: ...
    async def set_role(self, name: str, role: Role, now: float) -> bool: ...
    async def remove(self, name: str) -> bool: ...
    async def page(self, after: str, limit: int) -> list[Account]: ...
    async def count(self) -> int: ...


class UserFile(Protocol):
    """Users whom the operator keeps in a file; it is watched, and never written here."""

    @property
    def path(self) -> str: ...
    async def find(self, name: str) -> Account | None: ...
    async def page(self, after: str, limit: int) -> list[Account]: ...
    def hash_of_nobody(self) -> str:
        """Return a hash that no password has, and that takes as long to compare as others do."""
        ...
