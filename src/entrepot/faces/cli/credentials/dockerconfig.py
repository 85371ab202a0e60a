"""docker's config.json, and podman's auth.json, which has its form.

`auths` holds what is kept in the file itself; `credHelpers` names for a server, and `credsStore`
for all others, the program that keeps it instead.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.faces.cli.messages import _

from .files import read_object, replace
from .names import CredentialError, docker_key, server_key, shown

_INDENT = re.compile(r"\A\s*\{\r?\n([ \t]+)\"")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TAB = "\t"

# What people read, in one place.
BAD_PART = _("{path}: '{part}' must be an object: repair it; the file was not changed")
BAD_HELPER = _(
    "{path} names the credential helper '{name}', which cannot be one: a helper is the end of the "
    "name of a program docker-credential-NAME, without a path"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who somebody is for one server: `secret` is a password, or an identity token."""

    username: str
    secret: str
    is_token: bool = False


def docker_path(env: Mapping[str, str]) -> Path:
    """Return where docker's settings are."""
    if named := env.get("DOCKER_CONFIG"):
        return Path(named) / "config.json"
    return _home(env) / ".docker" / "config.json"


def podman_path(env: Mapping[str, str]) -> Path:
    """Return where podman, skopeo and buildah keep passwords."""
    if named := env.get("REGISTRY_AUTH_FILE"):
        return Path(named)
    runtime = env.get("XDG_RUNTIME_DIR")
    base = Path(runtime) / "containers" if runtime else Path(f"/run/containers/{os.getuid()}")
    return base / "auth.json"


class DockerConfig:
    """One such file, as it was read; what is changed is written by `save`."""

    def __init__(self, path: Path, value: dict[str, Any], text: str) -> None:
        self.path = path
        self._value = value
        found = _INDENT.match(text)
        self._indent = found[1] if found else TAB
        self._end = "\n" if text.endswith("\n") else ""

    @classmethod
    def read(cls, path: Path) -> "DockerConfig":
        """Return a file's content; a missing file is empty. Raises `CredentialError`."""
        config = cls(path, *read_object(path))
        for part in ("auths", "credHelpers"):
            config._part(part)
        return config

    def helper(self, server: str) -> str:
        """Return the name of the helper that keeps a server's entry, or nothing for this file."""
        named = self._part("credHelpers")
        name = next((named[key] for key in named if _is_same(key, server)), None)
        if name is None:
            name = self._value.get("credsStore") or ""
        # The name becomes part of a program's: nothing in it may lead to another program.
        if name and not (isinstance(name, str) and _HELPER.fullmatch(name)):
            raise CredentialError(BAD_HELPER.format(path=self.path, name=shown(str(name))))
        return str(name)

    def find(self, server: str) -> Credentials | None:
        """Return what the file itself holds for a server."""
        auths = self._part("auths")
        for key in sorted(auths, key=lambda key: key != docker_key(server)):
            entry = auths[key]
            if _is_same(key, server) and isinstance(entry, dict) and (found := _decoded(entry)):
                return found
        return None

    def keep(self, server: str, credentials: Credentials | None) -> None:
        """Write an entry; without credentials one that says that a helper has them."""
        self.drop(server)
        entry = {}
        if credentials is not None:
            password = "" if credentials.is_token else credentials.secret
            if credentials.username:
                pair = f"{credentials.username}:{password}".encode()
                entry["auth"] = base64.b64encode(pair).decode()
            if credentials.is_token:
                entry["identitytoken"] = credentials.secret
        self._value.setdefault("auths", {})[docker_key(server)] = entry

    def drop(self, server: str) -> bool:
        """Remove a server's entries; return whether there was one."""
        auths = self._part("auths")
        found = [key for key in auths if _is_same(key, server)]
        for key in found:
            del auths[key]
        return bool(found)

    def name_helper(self, server: str, name: str) -> None:
        """Let a helper keep the entry of a server."""
        self._value.setdefault("credHelpers", {})[docker_key(server)] = name

    def save(self) -> None:
        """Replace the file, in the form that it had. Raises `CredentialError`."""
        text = json.dumps(self._value, indent=self._indent, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:
            # Half a surrogate pair, which only an escape can write.
            text = json.dumps(self._value, indent=self._indent)
        replace(self.path, text + self._end)

    def _part(self, name: str) -> dict[str, Any]:
        part = self._value.get(name)
        if part is None:
            self._value.pop(name, None)
            return {}
        if not isinstance(part, dict):
            raise CredentialError(BAD_PART.format(path=self.path, part=name))
        return part


def _is_same(key: str, server: str) -> bool:
    """Whether a key of the file means a server; podman's keys with a path (`host/team`) do not."""
    try:
        return server_key(key) == server_key(server) or docker_key(key) == docker_key(server)
    except CredentialError:
        return False


def _decoded(entry: dict[str, Any]) -> Credentials | None:
    try:
        raw = base64.b64decode(entry.get("auth") or "", validate=True).decode()
    except (binascii.Error, ValueError, TypeError):
        return None
    username, _, password = raw.partition(":")
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credentials(username, token, is_token=True)
    # Old ones are filled up with NULs.
    password = password.rstrip("\0")
    return Credentials(username, password) if username and password else None


def _home(env: Mapping[str, str]) -> Path:
    return Path(env["HOME"]) if env.get("HOME") else Path.home()
