"""The file in which docker-credential-entrepot keeps what it is given.

`$XDG_CONFIG_HOME/entrepot/credentials.json`, for its owner only. Docker runs several helpers at
once: whoever changes it holds a lock beside it, and readers see a whole file always.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.faces.cli.messages import _

from .files import BROKEN, NOT_WRITTEN, PRIVATE_DIRECTORY, PRIVATE_FILE, read_object, replace
from .names import CredentialError, server_key

ENTRIES_MAX = 10_000
LOCK_SECONDS = 10.0
POLL_SECONDS = 0.01
VERSION = 1

# What people read, in one place.
BUSY = _("{path} is locked by another process for more than {seconds:.0f} seconds")
FULL = _("{path} holds {most} servers, which are the most: remove some with `entrepot logout`")
NEWER = _("it was written by a newer release")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept for one server; `is_workload` tells that the environment says who asks."""

    url: str
    username: str = ""
    secret: str = ""
    is_workload: bool = False


def box_path(env: Mapping[str, str]) -> Path:
    """Return where the file is."""
    named = env.get("XDG_CONFIG_HOME", "")
    # The XDG specification has relative paths ignored.
    if named.startswith("/"):
        return Path(named) / "entrepot" / "credentials.json"
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return home / ".config" / "entrepot" / "credentials.json"


class Box:
    """The file at `path`. All methods raise `CredentialError`."""

    def __init__(self, path: Path, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._path = path
        self._lock_seconds = lock_seconds

    def find(self, server: str) -> Entry | None:
        """Return what is kept for a server."""
        return self._entries().get(server_key(server))

    def all(self) -> list[Entry]:
        """Return everything, by server."""
        return [entry for _, entry in sorted(self._entries().items())]

    def keep(self, entry: Entry) -> None:
        """Put an entry in the place of its server's."""
        key = server_key(entry.url)
        with self._locked():
            entries = self._entries()
            if key not in entries and len(entries) >= ENTRIES_MAX:
                raise CredentialError(FULL.format(path=self._path, most=ENTRIES_MAX))
            self._save({**entries, key: entry})

    def drop(self, server: str) -> bool:
        """Forget a server; return whether there was anything."""
        key = server_key(server)
        with self._locked():
            entries = self._entries()
            if entries.pop(key, None) is None:
                return False
            self._save(entries)
            return True

    def _entries(self) -> dict[str, Entry]:
        value, _ = read_object(self._path)
        if value.get("version", VERSION) != VERSION:
            raise CredentialError(BROKEN.format(path=self._path, reason=NEWER))
        try:
            return {key: _entry(found) for key, found in value.get("servers", {}).items()}
        except (AttributeError, TypeError, KeyError) as error:
            reason = type(error).__name__
            raise CredentialError(BROKEN.format(path=self._path, reason=reason)) from error

    def _save(self, entries: dict[str, Entry]) -> None:
        servers = {key: _fields(entry) for key, entry in sorted(entries.items())}
        replace(
            self._path, json.dumps({"version": VERSION, "servers": servers}, indent="\t") + "\n"
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_suffix(".lock")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            lock.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            descriptor = os.open(lock, flags, PRIVATE_FILE)
        except OSError as error:
            raise CredentialError(NOT_WRITTEN.format(path=lock, reason=error.strerror)) from error
        try:
            self._wait(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._lock_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    said = BUSY.format(path=self._path, seconds=self._lock_seconds)
                    raise CredentialError(said) from error
                time.sleep(POLL_SECONDS)


def _entry(found: dict[str, Any]) -> Entry:
    if found.get("workload"):
        return Entry(str(found["url"]), is_workload=True)
    return Entry(str(found["url"]), str(found["username"]), str(found["secret"]))


def _fields(entry: Entry) -> dict[str, Any]:
    if entry.is_workload:
        return {"url": entry.url, "workload": True}
    return {"url": entry.url, "username": entry.username, "secret": entry.secret}
