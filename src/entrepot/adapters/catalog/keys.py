"""Signing keys and sealed secrets in the catalog."""

from dataclasses import asdict

from entrepot.ports.keys import SealedValue, SecretRow, SigningKeyRow
from entrepot.rules.keyring import KeyTimes

from . import sql
from .connection import Connection


class SqlSigningKeys:
    """Keeps `ports.keys.SigningKeys`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self) -> list[SigningKeyRow]:
        rows = await self._connection.rows(sql.SIGNING_KEYS_ALL, {})
        return [SigningKeyRow(*row) for row in rows]

    async def add(self, row: SigningKeyRow) -> None:
        await self._connection.run(sql.SIGNING_KEYS_ADD, asdict(row))

    async def move(self, times: KeyTimes) -> None:
        values = {
            "kid": times.kid,
            "activates_at": times.activates_at,
            "retires_at": times.retires_at,
        }
        await self._connection.run(sql.SIGNING_KEYS_MOVE, values)

    async def remove(self, kid: str) -> bool:
        return await self._connection.run(sql.SIGNING_KEYS_REMOVE, {"kid": kid}) > 0

    async def page_sealed(self, after: str, limit: int) -> list[SealedValue]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.SIGNING_KEYS_PAGE_SEALED, values)
        return [SealedValue(kid, kid, sealed) for kid, sealed in rows]

    async def reseal(self, place: str, sealed: bytes) -> None:
        await self._connection.run(sql.SIGNING_KEYS_RESEAL, {"kid": place, "sealed": sealed})


class SqlSealedSecrets:
    """Keeps `ports.keys.SealedSecrets`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> SecretRow | None:
        row = await self._connection.row(sql.SEALED_SECRETS_FIND, {"name": name})
        return SecretRow(*row) if row else None

    async def put(self, row: SecretRow) -> None:
        await self._connection.run(sql.SEALED_SECRETS_PUT, asdict(row))

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.SEALED_SECRETS_REMOVE, {"name": name}) > 0

    async def page(self, after: str, limit: int) -> list[SecretRow]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.SEALED_SECRETS_PAGE, values)
        return [SecretRow(*row) for row in rows]

    async def page_sealed(self, after: str, limit: int) -> list[SealedValue]:
        rows = await self.page(after, limit)
        return [SealedValue(row.name, row.name, row.sealed) for row in rows]

    async def reseal(self, place: str, sealed: bytes) -> None:
        await self._connection.run(sql.SEALED_SECRETS_RESEAL, {"name": place, "sealed": sealed})


class SqlSealedFactors:
    """Keeps `ports.keys.SealedRows` for second factors, whose places are their ids."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page_sealed(self, after: str, limit: int) -> list[SealedValue]:
        values = {"after": int(after or 0), "limit": limit}
        rows = await self._connection.rows(sql.SEALED_FACTORS_PAGE, values)
        return [SealedValue(str(id_), f"{kind}:{user}", data) for id_, kind, user, data in rows]

    async def reseal(self, place: str, sealed: bytes) -> None:
        values = {"id": int(place), "sealed": sealed}
        await self._connection.run(sql.SEALED_FACTORS_RESEAL, values)
