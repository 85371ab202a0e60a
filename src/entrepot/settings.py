"""Settings: one TOML file, ENTREPOT_* variables, then flags; the last one wins.

`ENTREPOT_<SECTION>_<KEY>` sets any key; lists are separated by commas. Two have short names too:
`ENTREPOT_DATA` (storage.data) and `ENTREPOT_ADMIN_PASSWORD` (auth.admin_password).
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

PREFIX = "ENTREPOT_"
SHORT_NAMES = {"DATA": ("storage", "data"), "ADMIN_PASSWORD": ("auth", "admin_password")}
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})

# Bounded, as timers and databases take neither infinity nor any number.
Seconds = Annotated[float, Meta(gt=0, le=10 * 365 * 86400)]
Count = Annotated[int, Meta(ge=1, le=1 << 62)]

PASSWORD_LENGTHS = (8, 128)
"""As `rules.passwords` has them, which stands above this module."""

# What goes into a header between quotes, so without any.
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_URL = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
_PATTERN = re.compile(r"[a-z0-9._/-]+\*?|\*")

# The names of types in msgspec's messages, as one would say them.
_KINDS = {
    "`array`": "a list",
    "`bool`": "true or false",
    "`float`": "a number",
    "`int`": "a whole number",
    "`object`": "a table",
    "`str`": "text",
}


class SettingsError(Exception):
    """A setting that cannot be used; the message names its key and the mend."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how the registry listens."""

    listen: Annotated[
        tuple[str, ...],
        Meta(description="Addresses `host:port`; `localhost` is IPv4 and IPv6, `*` all of both."),
    ] = ("localhost:5000",)
    public_url: Annotated[
        str,
        Meta(description="The URL that clients use, where a proxy stands in front."),
    ] = ""
    tls: Annotated[
        str,
        Meta(description="`off`; `files` with the two below; `auto` makes its own certificate."),
    ] = "off"
    tls_cert: Annotated[str, Meta(description="PEM file with the certificate chain.")] = ""
    tls_key: Annotated[str, Meta(description="PEM file with the private key.")] = ""
    drain_seconds: Annotated[
        Seconds, Meta(description="How long requests in flight may take after SIGTERM.")
    ] = 30.0


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are kept."""

    data: Annotated[str, Meta(description="Directory for catalog, blobs and keys.")] = "./data"


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets in."""

    open: Annotated[
        bool,
        Meta(description="Let anyone push, pull and delete; on loopback addresses only."),
    ] = False
    anonymous_pull: Annotated[
        tuple[str, ...],
        Meta(description="Repositories that anyone may pull: names, `library/*`, or `*`."),
    ] = ()
    admin_password: Annotated[
        str,
        Meta(description="Password of `admin` at the first start; generated when empty."),
    ] = ""
    service: Annotated[str, Meta(description="The name tokens are issued for.")] = "entrepot"
    token_seconds: Annotated[
        Annotated[float, Meta(ge=60, le=86400)],
        Meta(description="How long an access token lives."),
    ] = 300.0


class Uploads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on pushes."""

    size_max_bytes: Annotated[Count, Meta(description="Largest blob.")] = 1 << 40
    idle_seconds: Annotated[
        Seconds, Meta(description="When an upload that nobody continues is forgotten.")
    ] = 86400.0
    grace_seconds: Annotated[
        Seconds,
        Meta(description="How long a blob that a client was told of is kept without a manifest."),
    ] = 7200.0


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on connections and requests."""

    connections: Annotated[Count, Meta(description="Open connections in all.")] = 4096
    connections_per_address: Annotated[
        Count, Meta(description="Open connections of one client address, loopback apart.")
    ] = 512
    header_bytes: Annotated[Count, Meta(description="Longest request head.")] = 65536
    header_seconds: Annotated[Seconds, Meta(description="Time for a request head.")] = 20.0
    idle_seconds: Annotated[Seconds, Meta(description="Time between two requests.")] = 75.0
    body_bytes_per_second: Annotated[
        Count, Meta(description="Slowest upload, on average over a while.")
    ] = 1024
    stall_seconds: Annotated[
        Seconds, Meta(description="How long a client may read nothing of an answer.")
    ] = 60.0


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to standard error."""

    level: Annotated[str, Meta(description="`debug`, `info`, `warning` or `error`.")] = "info"
    format: Annotated[str, Meta(description="`text`, `json`, or `auto`: text on a terminal.")] = (
        "auto"
    )
    access: Annotated[bool, Meta(description="One line for each request.")] = True


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    server: Server = Server()
    storage: Storage = Storage()
    auth: Auth = Auth()
    uploads: Uploads = Uploads()
    limits: Limits = Limits()
    log: Log = Log()


def load(
    toml: str | None, environment: Mapping[str, str], flags: Mapping[tuple[str, str], Any]
) -> Settings:
    """Return the settings of a TOML text, the environment and flags, in rising rank.

    `flags` maps (section, key) to a value. Raises `SettingsError`.
    """
    tree = _parse(toml) if toml is not None else {}
    for section, key, text in _from_environment(environment):
        _section(tree, section)[key] = _split_lists(section, key, text)
    for (section, key), value in flags.items():
        _section(tree, section)[key] = value
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explained(str(error))) from error
    _check(settings)
    return settings


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


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file is not valid TOML: {error}") from error


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


def _check(settings: Settings) -> None:
    _check_server(settings.server)
    for address in settings.server.listen:
        _check_address(address, is_open=settings.auth.open)
    _check_auth(settings)
    if not settings.storage.data:
        raise SettingsError("storage.data: it is empty; name a directory, for example ./data")
    if settings.log.level not in ("debug", "info", "warning", "error"):
        raise SettingsError(
            f"log.level: '{settings.log.level}' must be debug, info, warning or error"
        )
    if settings.log.format not in ("auto", "text", "json"):
        raise SettingsError(f"log.format: '{settings.log.format}' must be auto, text or json")


def _check_server(server: Server) -> None:
    if server.tls not in ("off", "auto", "files"):
        raise SettingsError(f"server.tls: '{server.tls}' must be off, auto or files")
    if server.tls == "files" and not (server.tls_cert and server.tls_key):
        raise SettingsError("server.tls_cert and server.tls_key: both files are needed")
    if server.tls != "files" and (server.tls_cert or server.tls_key):
        raise SettingsError(
            f"server.tls: with '{server.tls}', server.tls_cert and server.tls_key would not be "
            "used; say files, or leave them away"
        )
    if not server.listen:
        raise SettingsError("server.listen: name one address at least, such as localhost:5000")
    if server.public_url and not _URL.fullmatch(server.public_url):
        raise SettingsError(
            f"server.public_url: '{server.public_url}' must be http:// or https:// with a host and "
            "no path, for example https://registry.example.com"
        )


def _check_address(address: str, *, is_open: bool) -> None:
    host, colon, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535
    if not colon or not is_port:
        raise SettingsError(
            f"server.listen: '{address[:80]}' must be HOST:PORT, for example localhost:5000"
        )
    if is_open and host not in LOOPBACK_HOSTS:
        raise SettingsError(
            f"auth.open: anyone could push to {address}; listen on localhost, or leave "
            "--open away and add users"
        )


def _check_auth(settings: Settings) -> None:
    auth = settings.auth
    if auth.open and settings.server.public_url:
        raise SettingsError(
            "auth.open: a proxy stands in front (server.public_url), so that anyone who reaches "
            "it could push; leave --open away and add users"
        )
    least, most = PASSWORD_LENGTHS
    if auth.admin_password and not least <= len(auth.admin_password) <= most:
        raise SettingsError(f"auth.admin_password: it must have {least} to {most} characters")
    if not _SERVICE.fullmatch(auth.service):
        raise SettingsError(
            f"auth.service: '{auth.service[:80]}' must be a name of letters, digits, . _ : / or -"
        )
    for pattern in auth.anonymous_pull:
        if not _PATTERN.fullmatch(pattern):
            raise SettingsError(
                f"auth.anonymous_pull: '{pattern[:80]}' matches no repository; write a name in "
                "lower case, or the start of one and *"
            )
