"""Local accounts."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.rules.roles import Role


@dataclass(frozen=True, slots=True)
class Account:
    """A local user. `password_hash` is an argon2id string, never shown or logged."""

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
