"""Local accounts in the catalog."""

from entrepot.ports.accounts import Account
from entrepot.rules.roles import Role

from . import sql
from .connection import Connection, Row


class SqlAccounts:
    """Keeps `ports.accounts.Accounts`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> Account | None:
        row = await self._connection.row(sql.ACCOUNTS_FIND, {"name": name})
        return _account(row) if row else None

    async def add(self, account: Account) -> bool:
        values = {
            "name": account.name,
            "role": account.role.value,
            "password_hash": account.password_hash,
            "created_at": account.created_at,
            "changed_at": account.changed_at,
        }
        return await self._connection.run(sql.ACCOUNTS_ADD, values) > 0

    async def set_password(self, name: str, password_hash: str, now: float) -> bool:
        values = {"name": name, "new_password_hash": password_hash, "now": now}
        return await self._connection.run(sql.ACCOUNTS_SET_PASSWORD, values) > 0

    async def set_role(self, name: str, role: Role, now: float) -> bool:
        values = {"name": name, "new_role": role.value, "now": now}
        return await self._connection.run(sql.ACCOUNTS_SET_ROLE, values) > 0

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.ACCOUNTS_REMOVE, {"name": name}) > 0

    async def page(self, after: str, limit: int) -> list[Account]:
        """Return accounts with names > `after`, bytewise."""
        rows = await self._connection.rows(sql.ACCOUNTS_PAGE, {"after": after, "limit": limit})
        return [_account(row) for row in rows]

    async def count(self) -> int:
        row = await self._connection.row(sql.ACCOUNTS_COUNT, {})
        return int(row[0]) if row else 0


def _account(row: Row) -> Account:
    return Account(row[0], Role(row[1]), *row[2:])
