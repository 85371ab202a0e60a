"""Settings: one TOML file, ENTREPOT_* variables, then flags; the last one wins.

`ENTREPOT_<SECTION>_<KEY>` sets any key; lists are separated by commas. Two have short names too:
`ENTREPOT_DATA` (storage.data) and `ENTREPOT_ADMIN_PASSWORD` (auth.admin_password).
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

import msgspec

from .checks import check
from .model import Settings, SettingsError

PREFIX = "ENTREPOT_"
SHORT_NAMES = {"DATA": ("storage", "data"), "ADMIN_PASSWORD": ("auth", "admin_password")}

NEAR = 0.9
"""How alike the names of a variable and of a setting are, of 1, where that one may be meant."""

# The names of types in msgspec's messages, as one would say them.
_KINDS = {
    "`array`": "a list",
    "`bool`": "true or false",
    "`float`": "a number",
    "`int`": "a whole number",
    "`object`": "a table",
    "`str`": "text",
}


def load(
    toml: str | None,
    environment: Mapping[str, str],
    flags: Mapping[tuple[str, str], Any],
    *,
    base: Mapping[str, Mapping[str, Any]] | None = None,
    named: str = "the settings file",
) -> Settings:
    """Return the settings of a TOML text, the environment and flags, in rising rank.

    `flags` maps (section, key) to a value; `base` is section -> key -> value, and stands in for
    the TOML text. `named` is what to call that. Raises `SettingsError`.
    """
    tree = (
        _parse(toml, named)
        if toml is not None
        else {name: {**at} for name, at in (base or {}).items()}
    )
    for section, key, text in _from_environment(environment):
        _section(tree, section)[key] = _split_lists(section, key, text)
    for (section, key), value in flags.items():
        _section(tree, section)[key] = value
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explained(str(error))) from error
    check(settings)
    return settings


def misspelt(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield (a note on) each variable that is no setting but looks as if it were meant as one.

    Others may begin alike: those of the command line, and what Kubernetes sets for a service.
    """
    sections = _sections()
    full = {
        f"{PREFIX}{section}_{key}".upper(): key
        for section, struct in sections.items()
        for key in struct.__struct_fields__
    }
    for name in environment:
        rest = name.removeprefix(PREFIX)
        if rest in (name, *SHORT_NAMES) or rest.lower().partition("_")[0] in sections:
            continue
        # ENTREPOT_LISTEN, as there is ENTREPOT_DATA; and ENTREPOT_SERVR_LISTEN.
        meant = [one for one, key in full.items() if key == rest.lower()]
        meant = meant or difflib.get_close_matches(name, full, n=1, cutoff=NEAR)
        if len(meant) == 1:
            yield f"{name} is not looked at; did you mean {meant[0]}?"


def keys() -> Iterator[tuple[str, str, str, Any]]:
    """Yield (section, key, description, default) of every setting."""
    for section, struct in _sections().items():
        for item in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]
            yield section, item.name, _description(item.type), item.default


def _sections() -> dict[str, Any]:
    return get_type_hints(Settings)


def _description(kind: Any) -> str:
    extra = getattr(kind, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


def _parse(text: str, named: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{named} is not valid TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    sections = _sections()
    for name, text in environment.items():
        if not name.startswith(PREFIX):
            continue
        rest = name.removeprefix(PREFIX)
        if rest in SHORT_NAMES:
            yield *SHORT_NAMES[rest], text
            continue
        section, _, key = rest.lower().partition("_")
        # ENTREPOT_SERVER alone is the command line's.
        if section in sections and key:
            if key not in sections[section].__struct_fields__:
                raise SettingsError(_unknown(name, key, sections[section].__struct_fields__))
            yield section, key, text


def _split_lists(section: str, key: str, text: str) -> str | list[str]:
    default = getattr(_sections()[section](), key)
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _section(tree: dict[str, Any], name: str) -> dict[str, Any]:
    section = tree.setdefault(name, {})
    if not isinstance(section, dict):
        raise SettingsError(f"'{name}' must be a table: write [{name}] and its keys below")
    return section


def _explained(message: str) -> str:
    """Turn `Expected ..., got ... - at `$.a.b`` round: the key comes first."""
    what, _, where = message.partition(" - at `$")
    key = where.strip("`.") or "the settings"
    if "unknown field" in what:
        field = what.partition("`")[2].rstrip("`")
        known = _sections()[key].__struct_fields__ if key in _sections() else [*_sections()]
        return _unknown(f"{key}.{field}" if where else field, field, known)
    for name, plain in _KINDS.items():
        what = what.replace(name, plain)
    return f"{key}: {what[0].lower()}{what[1:]}"


def _unknown(shown: str, key: str, known: Any) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    mend = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
    return f"{shown}: there is no such setting; {mend}"
