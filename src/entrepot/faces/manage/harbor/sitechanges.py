"""Settings of the registry that can change while it runs, in Harbor's words."""

from collections.abc import Mapping
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.rules.sitesettings import Creation, Setting
from entrepot.services.sitesettings import SiteService

from .api import Call
from .configurations import Item, Value
from .system import ADMIN_ONLY

UNLIMITED = -1
_NAMES = {
    "banner_message": Setting.BANNER,
    "project_creation_restriction": Setting.PROJECT_CREATION,
    "storage_per_project": Setting.PROJECT_BYTES,
}


class SiteChanges:
    """Reads and changes them."""

    def __init__(self, site: SiteService) -> None:
        self._site = site

    async def items(self) -> dict[str, Item]:
        """Return those that Harbor has a name for."""
        found = {}
        for name, setting in _NAMES.items():
            told = await self._site.find(setting.value)
            found[name] = Item(editable=not told.fixed_by, value=_told(setting, told.value))
        return found

    async def change(self, call: Call, wanted: Mapping[str, Value]) -> None:
        """Change some of them, one after the other; `Fault(REQUEST_INVALID)`."""
        for name, value in wanted.items():
            setting = _NAMES[name]
            await self._site.put(setting.value, _meant(setting, name, value), call.acting)


def _told(setting: Setting, value: Any) -> Value:
    if setting is Setting.PROJECT_CREATION:
        return ADMIN_ONLY if value == Creation.ADMINS else Creation.EVERYONE.value
    if setting is Setting.PROJECT_BYTES:
        return UNLIMITED if value is None else int(value)
    return str(value)


def _meant(setting: Setting, name: str, value: Value) -> Any:
    if setting is Setting.PROJECT_CREATION:
        if value not in (ADMIN_ONLY, Creation.EVERYONE.value):
            raise Fault(
                Code.REQUEST_INVALID,
                f"invalid {name}: write {Creation.EVERYONE.value} or {ADMIN_ONLY}",
            )
        return Creation.ADMINS.value if value == ADMIN_ONLY else value
    if setting is Setting.PROJECT_BYTES and value == UNLIMITED:
        return None
    return value
