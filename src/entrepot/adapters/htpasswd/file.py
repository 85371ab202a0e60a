"""The file of users: read at the start, and again when it changes."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from entrepot.ports.accounts import Account
from entrepot.ports.clock import Clock
from entrepot.rules.roles import Role

from .lines import Users, cost, parse
from .passwords import COST_NEW, hash_of_nobody, hashed

CHECK_SECONDS = 1.0
"""How often a file that is in use is looked at."""
SETTLED_SECONDS = 2.0
"""A file this fresh may change again without a new time stamp, so that it is read once more."""
FILE_MAX_BYTES = 16 << 20
REPORTED_MAX = 20
"""Lines of a file that are complained of one by one."""
ROLE = Role.MAINTAINER
"""What users of a file may do, as in registry:2: pull, push, delete and list, but manage nobody."""
NEW_NAME = "docker"
"""The user that registry:2 makes where there is no file."""

Report = Callable[[str], object]


class HtpasswdUnusable(Exception):
    """The file cannot be used; the message says why and what to do."""


class Htpasswd:
    """The users of one file. A new content that cannot be used leaves the old one in force."""

    def __init__(self, path: Path, clock: Clock, report: Report) -> None:
        """Read the file. Raises `HtpasswdUnusable`."""
        self._path = path
        self._clock = clock
        self._report = report
        self._trouble = ""
        self._checking = False
        self._checked_at = clock.now()
        self._content = _read(path)
        self._tell(self._content)

    @property
    def path(self) -> str:
        return str(self._path)

    async def find(self, name: str) -> Account | None:
        """Return a user as the file has them, or had them `CHECK_SECONDS` ago."""
        await self._look()
        return self._content.accounts.get(name)

    async def page(self, after: str, limit: int) -> list[Account]:
        """Return users by name, those after `after`."""
        await self._look()
        accounts = self._content.accounts
        return [accounts[name] for name in sorted(accounts) if name > after][:limit]

    def hash_of_nobody(self) -> str:
        """Return a hash that no password has, of the highest cost in the file."""
        return self._content.nobody

    async def _look(self) -> None:
        """Read the file if it has changed. Who comes meanwhile goes on with the old content."""
        now = self._clock.now()
        if self._checking or 0 <= now - self._checked_at < CHECK_SECONDS:
            return
        self._checking = True
        self._checked_at = now
        before = self._content
        try:
            # In a thread: the file may be long, or lie on a network that has gone away.
            after = await asyncio.to_thread(_read_if_other, self._path, before.stamp, now)
            if after is not None and after.users != before.users:
                self._tell(after)
            self._content = after or before
            self._trouble = ""
        except HtpasswdUnusable as error:
            # Said once, not every second.
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._report(f"{error}; users stay as they were")
        finally:
            self._checking = False

    def _tell(self, content: "_Content") -> None:
        for complaint in content.users.complaints[:REPORTED_MAX]:
            self._report(f"{self._path}, {complaint}")
        if not content.accounts:
            self._report(f"{self._path} holds no user: nobody can log in")


@dataclass(frozen=True, slots=True)
class _Content:
    """What was read, ready for use."""

    stamp: tuple[int, ...]
    users: Users
    accounts: dict[str, Account]
    nobody: str


def _account(name: str, password_hash: str) -> Account:
    # No time, but the same in every process, and another one for another hash.
    mark = int.from_bytes(hashlib.sha256(password_hash.encode()).digest()[:6], "big") / (1 << 48)
    return Account(name, ROLE, password_hash, 0.0, mark)


def _read_if_other(path: Path, stamp: tuple[int, ...], now: float) -> _Content | None:
    try:
        found = path.stat()
    except OSError as error:
        raise HtpasswdUnusable(f"{path}: {error.strerror}") from error
    changed_at = max(found.st_mtime, found.st_ctime)
    if _stamp(found) == stamp and now - changed_at >= SETTLED_SECONDS:
        return None
    content = _read(path)
    if content.users.torn:
        raise HtpasswdUnusable(
            f"{path} is not whole: {'; '.join(content.users.complaints[:REPORTED_MAX])}"
        )
    return content


def _read(path: Path) -> _Content:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(file, "rb") as stream:
            stamp = _stamp(os.fstat(file))
            data = stream.read(FILE_MAX_BYTES + 1)
    except IsADirectoryError as error:
        raise HtpasswdUnusable(
            f"{path} is a directory: name the file itself (docker makes a directory where the "
            "file to mount is missing on the host)"
        ) from error
    except OSError as error:
        raise HtpasswdUnusable(f"{path}: {error.strerror}") from error
    if len(data) > FILE_MAX_BYTES:
        raise HtpasswdUnusable(f"{path} is longer than {FILE_MAX_BYTES >> 20} MiB")
    users = parse(data)
    costs = [cost(password_hash) for password_hash in users.hashes.values()]
    return _Content(
        stamp,
        users,
        {name: _account(name, password_hash) for name, password_hash in users.hashes.items()},
        hash_of_nobody(max(costs, default=COST_NEW)),
    )


def _stamp(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def provision(path: Path) -> str:
    """Write a file with the one user `NEW_NAME` and return the password, which is kept nowhere.

    Raises `HtpasswdUnusable` where that cannot be: a file that is there is never touched.
    """
    password = secrets.token_urlsafe(18)
    # `2y` is what htpasswd writes, for the same thing.
    line = f"{NEW_NAME}:{hashed(password).replace('$2b$', '$2y$', 1)}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HtpasswdUnusable(
            f"{path} is missing and cannot be made ({error.strerror}): make one with htpasswd -B -c"
        ) from error
    with os.fdopen(file, "w") as stream:
        stream.write(line)
    return password
