"""Settings on who gets in: which of them go together."""

from typing import Any

import pytest

from entrepot.settings import Settings, SettingsError, load


def auth(**values: Any) -> Settings:
    return load(None, {}, {("auth", key): value for key, value in values.items()})


@pytest.mark.parametrize(
    "values",
    [
        {"anonymous": "all", "htpasswd": "/auth/htpasswd"},
        {"open": True, "htpasswd": "/auth/htpasswd"},
        {"anonymous": "all", "admin_password": "a long value"},
        {"htpasswd": "/auth/htpasswd", "admin_password": "a long value"},
        {"anonymous": "pull"},
        {"realm": 'a "quoted" one'},
        {"realm": "a\\b"},
        {"realm": "a\r\nb"},
        {"realm": ""},
        {"realm": "ключ"},
    ],
)
def test_what_does_not_go_together_is_told(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=rf"^auth\.({'|'.join(values)})"):
        auth(**values)


def test_a_registry_open_to_everyone_listens_anywhere() -> None:
    flags: Any = {("auth", "anonymous"): "all", ("server", "listen"): ["*:5000"]}
    assert load(None, {}, flags).auth.anonymous == "all"
    assert not load(None, {}, flags).auth.open
