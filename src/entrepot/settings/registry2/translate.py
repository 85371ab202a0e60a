"""From the keys of registry:2 to our settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from entrepot.settings.model import SettingsError

from . import values
from .keys import Fate
from .overlay import Given, Path, known, overlaid

DATA = "/var/lib/registry"
LISTEN = "*:5000"
REALM = "Registry Realm"
EVERYONE = "all"
"""Our `auth.anonymous` where registry:2 is open."""

_NO_DRIVERS = frozenset({"cache", "delete", "maintenance", "redirect", "tag"})
_KINDS = _NO_DRIVERS | {"filesystem", "htpasswd", "none"}
"""What may lie below `storage` and `auth`; anything else there is a driver that we lack."""
_PURGING = ("storage", "maintenance", "uploadpurging", "enabled")


@dataclass(frozen=True, slots=True)
class Translated:
    """Our settings as section -> key -> value, what is to be told, and whose keys they were.

    `origins` maps ours (`server.listen`) to the name it was given under (`REGISTRY_HTTP_ADDR`).
    """

    tree: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)

    def put(self, target: str, value: Any, origin: str = "") -> None:
        """Set one of our settings."""
        section, _, key = target.partition(".")
        self.tree.setdefault(section, {})[key] = value
        if origin:
            self.origins[target] = origin


def translate(tree: Any, environment: Mapping[str, str]) -> Translated:
    """Return our settings for a parsed config.yml (or None) and REGISTRY_* variables.

    What nobody set is as registry:2 has it, not as Entrepot does. Raises `SettingsError` for what
    would be wrong to leave out.
    """
    given = overlaid(tree, environment)
    made = Translated()
    made.put("storage.data", DATA)
    made.put("storage.delete", value=False)
    made.put("server.listen", [LISTEN])
    for path, one in given.items():
        _take(made, path, one)
    _listen(made, given)
    _tls(made, given)
    _auth(made, given)
    _one_driver(given)
    return made


def _take(made: Translated, path: Path, one: Given) -> None:
    key = known(path)
    if key is None:
        made.warnings.append(f"{one.name} is ignored: registry:2 has no such key")
    elif key.fate is Fate.USED and one.value not in (None, "", {}):
        try:
            value = key.convert(one.value)
        except ValueError as error:
            raise SettingsError(f"{one.name}: {error}") from error
        if value is not None:
            made.put(key.target, value, one.name)
    elif key.fate is Fate.IGNORED and not _asks_nothing(path, one.value):
        made.warnings.append(f"{one.name} is ignored: {key.note}")
    elif key.fate is Fate.REFUSED and not _asks_nothing(path, one.value):
        raise SettingsError(f"{one.name}: {key.note}")


def _asks_nothing(path: Path, value: Any) -> bool:
    if path == ("http", "prefix"):
        return values.text(value).strip("/") == ""
    if path == _PURGING:
        return not values.is_nothing(value)
    # `storage: s3` asks for it without a word below.
    by_name = len(path) == 2 and path[0] in ("auth", "storage")
    return values.is_nothing(value) and not (by_name and path[1] not in _KINDS)


def _listen(made: Translated, given: Mapping[Path, Given]) -> None:
    where = given.get(("http", "addr"))
    net = given.get(("http", "net"))
    kind = values.text(net.value) if net else ""
    if kind not in ("", "tcp", "unix"):
        raise SettingsError(f"http.net: '{kind[:20]}' must be tcp or unix")
    if where is None or not values.text(where.value):
        made.put("server.listen", [LISTEN])
    elif kind == "unix":
        made.put("server.listen", [f"unix:{values.text(where.value)}"], where.name)
    else:
        made.put("server.listen", [values.address(where.value)], where.name)


def _tls(made: Translated, given: Mapping[Path, Given]) -> None:
    server = made.tree["server"]
    if server.get("tls_cert") or server.get("tls_key"):
        made.put("server.tls", "files")
    elif any(
        path[:3] == ("http", "tls", "letsencrypt") and not values.is_nothing(one.value)
        for path, one in given.items()
    ):
        # As registry:2 does it, which has no port 80.
        made.put("server.tls", "acme")
        made.put("server.acme_challenge", "tls-alpn-01")


def _auth(made: Translated, given: Mapping[Path, Given]) -> None:
    kinds = {path[1] for path in given if path[0] == "auth" and len(path) > 1} - {"none"}
    if not kinds:
        made.put("auth.anonymous", EVERYONE)
        return
    if len(kinds) > 1:
        raise SettingsError(f"auth: name one of {', '.join(sorted(kinds))}")
    if "htpasswd" not in made.tree.get("auth", {}):
        raise SettingsError(
            "auth.htpasswd.path: name the file of users, for example "
            "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd"
        )
    made.tree["auth"].setdefault("realm", REALM)


def _one_driver(given: Mapping[Path, Given]) -> None:
    kinds = {path[1] for path in given if path[0] == "storage" and len(path) > 1} - _NO_DRIVERS
    if len(kinds) > 1:
        raise SettingsError(f"storage: name one of {', '.join(sorted(kinds))}")
