"""What is served of settings.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment


class Banner(msgspec.Struct, kw_only=True):
    """What everyone is told; empty for nothing."""

    banner: str


class SettingBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a setting is to be."""

    value: Any


class SettingView(msgspec.Struct, kw_only=True):
    """A setting of the registry."""

    name: str
    about: str
    value: Any
    fixed_by: str
    changed_at: str | None
    changed_by: str


class SettingViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[SettingView]
    next: str | int | None


class SettingsApi:
    """What is served of settings; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def change_setting(
        self,
        setting: str | int,
        body: SettingBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> SettingView:
        """Change a setting.

        What the settings file says is changed there: then it is in conflict.
        """
        found: SettingView = self._transport.typed(
            "PUT",
            f"/settings/{segment(setting)}",
            {200: SettingView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_banner(self) -> Banner:
        """Get the banner."""
        found: Banner = self._transport.typed("GET", "/banner", {200: Banner})
        return found

    def get_setting(self, setting: str | int) -> SettingView:
        """Get a setting."""
        found: SettingView = self._transport.typed(
            "GET", f"/settings/{segment(setting)}", {200: SettingView}
        )
        return found

    def list_settings(self) -> SettingViewPage:
        """List settings."""
        found: SettingViewPage = self._transport.typed("GET", "/settings", {200: SettingViewPage})
        return found

    def reset_setting(
        self, setting: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Reset a setting."""
        self._transport.typed(
            "DELETE",
            f"/settings/{segment(setting)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
