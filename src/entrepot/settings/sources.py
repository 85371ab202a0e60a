"""Where settings are read from: a TOML file, or what a registry:2 was given.

A file that ends in .yml or .yaml is a config.yml of registry:2. Without a file, REGISTRY_*
variables mean a registry:2 too, with the config.yml at one of its places if there is one. A TOML
file is Entrepot's own: then REGISTRY_* variables are not looked at. ENTREPOT_CONFIG names the file
that is taken where neither is given; the container image has its own settings that way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import registry2
from .loading import PREFIX, SHORT_NAMES, load, misspelt
from .model import Settings, SettingsError

OWN_PATH = "ENTREPOT_CONFIG"
CONFIG_PATH = "REGISTRY_CONFIGURATION_PATH"
PLACES = ("/etc/docker/registry/config.yml", "/etc/distribution/config.yml")
"""Where the images of the distribution project, 2 and 3, have it."""

Flags = Mapping[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """The settings, and lines to tell at the start: where from, and what is not heeded."""

    settings: Settings
    notes: tuple[str, ...] = ()


def read(
    config: str | None,
    environment: Mapping[str, str],
    flags: Flags,
    *,
    places: Sequence[str] = PLACES,
) -> Sources:
    """Return the settings of a file (or none), the environment and flags. Raises `SettingsError`.

    `places` are looked at for a config.yml where REGISTRY_* variables are set and no file is named.
    Without either, ENTREPOT_CONFIG may name the file.
    """
    theirs = registry2.names(environment)
    notes = tuple(f"warning: {one}" for one in misspelt(environment))
    config = config or environment.get(CONFIG_PATH) or (_first(places) if theirs else None)
    if config is None and not theirs:
        config = environment.get(OWN_PATH) or None
    if config is None and not theirs:
        return Sources(load(None, environment, flags), notes)
    if config is not None and not config.endswith((".yml", ".yaml")):
        ignored = f"{config} is a TOML file, so that {', '.join(theirs)} are not looked at"
        return Sources(
            load(_text(config), environment, flags, named=config),
            (*notes, f"warning: {ignored}") if theirs else notes,
        )
    return _as_registry2(config, environment, flags, theirs)


def _as_registry2(
    config: str | None, environment: Mapping[str, str], flags: Flags, theirs: list[str]
) -> Sources:
    tree = registry2.read_yaml(_text(config), config) or {} if config else None
    made = registry2.translate(tree, environment)
    if _has_own_auth(environment, flags):
        made.tree.get("auth", {}).pop("anonymous", None)
    try:
        settings = load(None, environment, flags, base=made.tree)
    except SettingsError as error:
        key = str(error).partition(":")[0]
        origin = made.origins.get(key)
        raise SettingsError(f"{origin}: {error}" if origin else str(error)) from error
    words = [
        *([config] if config else []),
        *([f"{len(theirs)} REGISTRY_* variables"] * bool(theirs)),
    ]
    return Sources(
        settings,
        (
            f"settings of registry:2, from {' and '.join(words)}",
            *(f"warning: {one}" for one in made.warnings),
        ),
    )


def _has_own_auth(environment: Mapping[str, str], flags: Flags) -> bool:
    """Whether Entrepot's own settings say who gets in: then no `auth` does not mean everyone."""
    short = {PREFIX + name for name, (section, _) in SHORT_NAMES.items() if section == "auth"}
    return any(section == "auth" for section, _ in flags) or any(
        name in short or name.startswith(f"{PREFIX}AUTH_") for name in environment
    )


def _first(places: Sequence[str]) -> str | None:
    return next((place for place in places if Path(place).is_file()), None)


def _text(config: str) -> str:
    try:
        return Path(config).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{config}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{config}: it is not text in UTF-8") from error
