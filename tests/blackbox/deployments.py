"""What the tests of `deploy/` share: where it is, what are settings."""

from collections.abc import Mapping
from pathlib import Path

from entrepot.settings import Settings, read
from entrepot.settings.loading import SHORT_NAMES, keys
from tests.blackbox.toolbox import ROOT

DEPLOY = ROOT / "deploy"
PREFIX = "ENTREPOT_"
BESIDE_SETTINGS = frozenset({"ENTREPOT_CONFIG", "ENTREPOT_MASTER_KEYS", "ENTREPOT_LANG"})
"""Variables that are read elsewhere than from the settings."""
OF_CLOUDS = ("AWS_", "GOOGLE_", "AZURE_")


def variables() -> frozenset[str]:
    """The names of all variables that the server reads."""
    named = {f"{PREFIX}{section}_{key}".upper() for section, key, _, _ in keys()}
    return frozenset(named) | {PREFIX + name for name in SHORT_NAMES} | BESIDE_SETTINGS


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that a server with these variables has; every name must mean something."""
    names = {name for name in environment if not name.startswith(OF_CLOUDS)}
    assert names <= variables(), f"no such settings: {sorted(names - variables())}"
    return read(None, environment, {}, places=()).settings


def settings_in(file: Path) -> Settings:
    """The settings of a TOML file."""
    return read(str(file), {}, {}, places=()).settings
