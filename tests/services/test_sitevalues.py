"""What settings say to those who go by them."""

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.sitesettings import SiteSettingRow
from entrepot.rules.sitesettings import Setting
from entrepot.services.sitevalues import site_value


async def test_a_row_a_default_and_what_another_version_wrote() -> None:
    catalog = await open_catalog("sqlite:///:memory:")
    async with catalog.begin(write=True) as tx:
        assert await site_value(tx, Setting.AUDIT_KEEP_DAYS) == 365.0
        for text, value in (("30", 30), ('"long"', 365.0)):
            await tx.site_settings.put(SiteSettingRow("audit_keep_days", text, 1.0, "root"))
            assert await site_value(tx, Setting.AUDIT_KEEP_DAYS) == value
    await catalog.close()
