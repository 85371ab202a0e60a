"""Settings of the registry in the catalog."""

from dataclasses import asdict

from entrepot.ports.sitesettings import SiteSettingRow

from . import sql
from .connection import Connection


class SqlSiteSettings:
    """Keeps `ports.sitesettings.SiteSettings`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self) -> list[SiteSettingRow]:
        rows = await self._connection.rows(sql.SITE_SETTINGS_ALL, {})
        return [SiteSettingRow(*row) for row in rows]

    async def find(self, name: str) -> SiteSettingRow | None:
        row = await self._connection.row(sql.SITE_SETTINGS_FIND, {"name": name})
        return SiteSettingRow(*row) if row else None

    async def put(self, row: SiteSettingRow) -> None:
        await self._connection.run(sql.SITE_SETTINGS_PUT, asdict(row))

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.SITE_SETTINGS_REMOVE, {"name": name}) > 0
