"""What settings of the registry say, for those who go by them."""

from typing import Any

import msgspec

from entrepot.ports.catalog import Tx
from entrepot.ports.sitesettings import SiteSettingRow
from entrepot.rules.sitesettings import RULES, Setting, check_value


async def site_value(tx: Tx, setting: Setting) -> Any:
    """Return what a setting says, in the transaction of who goes by it.

    Who is configured by the settings file as well looks there first.
    """
    row = await tx.site_settings.find(setting)
    return RULES[setting].default if row is None else meaning(setting, row)


def meaning(setting: Setting, row: SiteSettingRow) -> Any:
    """Return the value that a row says; the default where it says none of this version."""
    value = msgspec.json.decode(row.value)
    return value if check_value(setting, value) is None else RULES[setting].default
