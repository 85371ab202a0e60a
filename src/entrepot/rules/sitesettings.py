"""Settings that change while the registry runs: names, values, defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entrepot.oci.errors import Code, Fault

from .quota import SIZE_MAX

BANNER_MAX = 4096
AUDIT_KEEP_DAYS = 365.0
DAYS_MAX = 36500.0


class Setting(StrEnum):
    """What can be set."""

    AUDIT_KEEP_DAYS = "audit_keep_days"
    BANNER = "banner"
    PROJECT_BYTES = "project_bytes"
    PROJECT_CREATION = "project_creation"


class Creation(StrEnum):
    """Who may make projects: all whose account allows it, or administrators.

    Whom an administrator granted `project.create` may, in either case.
    """

    EVERYONE = "everyone"
    ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class SettingRule:
    """What a setting is for, what it is unless somebody says so, and which values it takes."""

    about: str
    default: Any
    check: Callable[[object], bool]
    cure: str
    key: str = ""
    """Of the settings file, where that has it too: what it says there cannot be changed."""


def check_value(setting: Setting, value: object) -> Fault | None:
    """Return why a setting cannot have a value, a decoded JSON one, or None."""
    rule = RULES[setting]
    if rule.check(value):
        return None
    return Fault(
        Code.REQUEST_INVALID, f"{setting} cannot be that: {rule.cure}", {"setting": setting.value}
    )


def _is_banner(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= BANNER_MAX
        and all(char.isprintable() or char in "\n\t" for char in value)
    )


def _is_size(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SIZE_MAX


def _is_days(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value <= DAYS_MAX


RULES: Mapping[Setting, SettingRule] = {
    Setting.AUDIT_KEEP_DAYS: SettingRule(
        "how long lines of the audit log are kept, in days; 0 for ever",
        AUDIT_KEEP_DAYS,
        _is_days,
        f"write a number of days up to {DAYS_MAX:g}, or 0 for ever",
        "audit.keep_days",
    ),
    Setting.BANNER: SettingRule(
        "what everyone is told on the pages; empty for nothing",
        "",
        _is_banner,
        f"write text of up to {BANNER_MAX} characters",
    ),
    Setting.PROJECT_BYTES: SettingRule(
        "limit that a new project gets, in bytes; null for none",
        None,
        _is_size,
        f"write a number of bytes from 0 to {SIZE_MAX}, or null for no limit",
        "quota.project_bytes",
    ),
    Setting.PROJECT_CREATION: SettingRule(
        "who may make projects, also by a first push: everyone, or admins",
        Creation.EVERYONE.value,
        lambda value: isinstance(value, str) and value in {*Creation},
        "write everyone or admins",
    ),
}
"""All that can be set."""
