"""Settings of the registry that an administrator changes while it runs."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SiteSettingRow:
    """One setting; `value` is JSON text that `rules.sitesettings` reads."""

    name: str
    value: str
    changed_at: float
    changed_by: str


class SiteSettings(Protocol):
    """Settings by name; one that has no row has its default."""

    async def all(self) -> list[SiteSettingRow]:
        """Return all, by name: there are few."""
        ...

    async def find(self, name: str) -> SiteSettingRow | None: ...
    async def put(self, row: SiteSettingRow) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, name: str) -> bool: ...
