"""Settings of the registry that an administrator changes while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.sitesettings import SiteSettingRow
from entrepot.rules.sitesettings import RULES, Setting, check_value

from .auditing import Act
from .authority import Acting, changed
from .sitevalues import meaning


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """A setting with its value, and who changed it last; nobody where it is the default."""

    name: Setting
    value: Any
    """A JSON value."""
    fixed_by: str
    """The key of the settings file that says it, so that it cannot be changed; mostly empty."""
    changed_at: float | None
    changed_by: str


class SiteService:
    """Keeps settings. The caller has checked rights."""

    def __init__(
        self, catalog: Catalog, clock: Clock, *, fixed: Mapping[Setting, Any] | None = None
    ) -> None:
        """`fixed` is what the settings file says."""
        self._catalog = catalog
        self._clock = clock
        self._fixed = fixed or {}

    async def all(self) -> list[SiteSetting]:
        """Return all settings, by name."""
        async with self._catalog.begin() as tx:
            rows = {row.name: row for row in await tx.site_settings.all()}
        return [self._told(setting, rows.get(setting.value)) for setting in sorted(RULES)]

    async def find(self, name: str) -> SiteSetting:
        """Return one setting; `Fault(NOT_FOUND)`."""
        setting = _known(name)
        async with self._catalog.begin() as tx:
            return self._told(setting, await tx.site_settings.find(setting))

    async def banner(self) -> str:
        """Return what everyone is told; empty for nothing."""
        return str((await self.find(Setting.BANNER)).value)

    async def put(self, name: str, value: object, by: Acting) -> SiteSetting:
        """Set it, for all processes at once; `value` is a decoded JSON value.

        `Fault`: NOT_FOUND, REQUEST_INVALID; CONFLICT for what the settings file says.
        """
        setting = _known(name)
        self._check_free(setting)
        wrong = check_value(setting, value)
        if wrong is not None:
            raise wrong
        text = encode(value).decode()
        async with self._catalog.begin(write=True) as tx:
            old = await tx.site_settings.find(setting)
            if old is not None and old.value == text:
                return self._told(setting, old)
            now = self._clock.now()
            row = SiteSettingRow(setting.value, text, now, by.caller.actor)
            await tx.site_settings.put(row)
            await changed(tx, by, now, Act("site.changed", setting.value, "", {"value": text}))
        return self._told(setting, row)

    async def reset(self, name: str, by: Acting) -> None:
        """Let a setting be its default again; `Fault`: NOT_FOUND, CONFLICT."""
        setting = _known(name)
        self._check_free(setting)
        async with self._catalog.begin(write=True) as tx:
            if await tx.site_settings.remove(setting):
                await changed(tx, by, self._clock.now(), Act("site.reset", setting.value))

    def _check_free(self, setting: Setting) -> None:
        if setting in self._fixed:
            key = RULES[setting].key
            raise Fault(
                Code.CONFLICT,
                f"{setting} is said by {key} of the registry's settings file: change it there",
                {"setting": setting.value, "key": key},
            )

    def _told(self, setting: Setting, row: SiteSettingRow | None) -> SiteSetting:
        if setting in self._fixed:
            return SiteSetting(setting, self._fixed[setting], RULES[setting].key, None, "")
        if row is None:
            return SiteSetting(setting, RULES[setting].default, "", None, "")
        return SiteSetting(setting, meaning(setting, row), "", row.changed_at, row.changed_by)


def _known(name: str) -> Setting:
    try:
        return Setting(name)
    except ValueError:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no setting {name[:40]!a}: there are {', '.join(sorted(RULES))}",
            {"setting": name[:40]},
        ) from None
