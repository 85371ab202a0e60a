"""What settings of the registry can be."""

import pytest

from entrepot.oci.errors import Code
from entrepot.rules.quota import SIZE_MAX
from entrepot.rules.sitesettings import BANNER_MAX, RULES, Setting, check_value


def test_every_setting_has_a_default_that_it_takes() -> None:
    assert {*RULES} == {*Setting}
    for setting, rule in RULES.items():
        assert check_value(setting, rule.default) is None


@pytest.mark.parametrize(
    "setting, value",
    [
        (Setting.BANNER, "Maintenance\ntonight"),
        (Setting.BANNER, "维护"),
        (Setting.PROJECT_BYTES, 0),
        (Setting.PROJECT_BYTES, SIZE_MAX),
        (Setting.AUDIT_KEEP_DAYS, 0),
        (Setting.AUDIT_KEEP_DAYS, 30.5),
        (Setting.PROJECT_CREATION, "admins"),
    ],
)
def test_values(setting: Setting, value: object) -> None:
    assert check_value(setting, value) is None


@pytest.mark.parametrize(
    "setting, value",
    [
        (Setting.BANNER, None),
        (Setting.BANNER, "x" * (BANNER_MAX + 1)),
        (Setting.BANNER, "\x1b[31m"),
        (Setting.PROJECT_BYTES, -1),
        (Setting.PROJECT_BYTES, True),
        (Setting.PROJECT_BYTES, "10GB"),
        (Setting.PROJECT_BYTES, SIZE_MAX + 1),
        (Setting.AUDIT_KEEP_DAYS, -1),
        (Setting.AUDIT_KEEP_DAYS, float("nan")),
        (Setting.AUDIT_KEEP_DAYS, float("inf")),
        (Setting.AUDIT_KEEP_DAYS, None),
        (Setting.AUDIT_KEEP_DAYS, 10**400),
        (Setting.PROJECT_BYTES, 10**400),
        (Setting.PROJECT_CREATION, "nobody"),
        (Setting.PROJECT_CREATION, ["admins"]),
    ],
)
def test_values_that_are_none(setting: Setting, value: object) -> None:
    fault = check_value(setting, value)
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert setting.value in fault.message
