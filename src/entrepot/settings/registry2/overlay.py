"""config.yml with REGISTRY_* variables laid over it, as flat keys.

As the distribution project does it: a variable is REGISTRY_ and the key's path in upper case with
underscores; its value is YAML; variables are applied by name, so that REGISTRY_AUTH comes before
REGISTRY_AUTH_HTPASSWD_PATH.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.settings.model import SettingsError

from .keys import KEYS, Key

PREFIX = "REGISTRY_"
VERSION = "0.1"
YAML_MAX_CHARACTERS = 1 << 20

Path = tuple[str, ...]

# Of podman and its like, of the distribution project's own start, and what Kubernetes and Docker
# links set for a service that is called `registry-...`.
_OF_OTHERS = re.compile(
    r"REGISTRY_(AUTH_FILE|CONFIGURATION_PATH)"
    r"|REGISTRY_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_[A-Z]+)?)?)"
)
_BY_NAME = ("auth", "storage")
"""Keys whose value may be just the name of what lies below: `auth: htpasswd`."""
_MAPPINGS = ("storage.maintenance.readonly", "notifications.endpoints")
"""Keys that are used, and may have others below, or are lists of such."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value with the name under which it was given."""

    value: Any
    name: str


def names(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that are plainly those of registry:2."""
    found = (name for name in environment if _is_ours(name))
    return sorted(name for name in found if known(_path(name)) is not None)


def read_yaml(source: str, where: str) -> Any:
    """Return what a YAML text holds; plain types only. Raises `SettingsError`."""
    # Only who has a config.yml waits for its parser.
    import yaml  # type: ignore[import-untyped]

    if len(source) > YAML_MAX_CHARACTERS:
        raise SettingsError(f"{where}: it is longer than a configuration can be")
    try:
        return yaml.safe_load(source)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Never the text itself, as passwords may be in it.
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise SettingsError(f"{where} is not valid YAML{line}: {problem}") from error


def overlaid(tree: Any, environment: Mapping[str, str]) -> dict[Path, Given]:
    """Return all that is given, by path; `tree` is the parsed config.yml or None."""
    found: dict[Path, Given] = {}
    if tree is not None:
        if not isinstance(tree, dict) or str(tree.get("version")) != VERSION:
            raise SettingsError(
                f"version: a configuration of registry:2 begins with `version: {VERSION}`"
            )
        for path, value in _flat((), tree):
            found[path] = Given(value, ".".join(path))
    for name in sorted(environment):
        if not _is_ours(name):
            continue
        at = _path(name)
        for path in [path for path in found if path[: len(at)] == at]:
            del found[path]
        for path, value in _flat(at, _value(name, environment[name])):
            found[path] = Given(value, name)
    return found


def known(path: Path) -> Key | None:
    """Return what the table says of a path: a key of its own, or the nearest `.*` above it."""
    dotted = ".".join(path)
    above = {".".join((*path[:end], "*")) for end in range(1, len(path) + 1)}
    fitting = [key for key in KEYS if key.path == dotted or key.path in above]
    return max(fitting, key=lambda key: (key.path == dotted, len(key.path)), default=None)


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and not _OF_OTHERS.fullmatch(name)


def _path(name: str) -> Path:
    return tuple(name.removeprefix(PREFIX).lower().split("_"))


def _value(name: str, text: str) -> Any:
    # Plain words are what YAML would make of them, or nearer to what was meant.
    tree = text.lstrip()[:1] in ("{", "[") or "\n" in text.strip() or ": " in text
    return read_yaml(text, name) if tree and not _is_plain(_path(name)) else text


def _is_plain(path: Path) -> bool:
    key = known(path)
    return key is not None and key.path == ".".join(path) and key.path not in _MAPPINGS


def _flat(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat((*path, str(key).lower()), inner)
    elif len(path) == 1 and path[0] in _BY_NAME:
        if value:
            yield (*path, str(value).lower()), {}
    else:
        yield path, value
