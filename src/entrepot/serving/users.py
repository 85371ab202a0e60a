"""Who gets in where there are no accounts, as under registry:2."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from entrepot.adapters.htpasswd import NEW_NAME, BcryptPasswords, Htpasswd, provision
from entrepot.adapters.logging import Log
from entrepot.adapters.registry2_tree import TREE, count_repositories
from entrepot.ports.clock import Clock
from entrepot.settings import Settings
from entrepot.wiring.outside import Outside

Tell = Callable[[Path, str, str], None]
"""Takes the file that was made, the name and the password of its user."""


def _nobody(_path: Path, _name: str, _password: str) -> None:
    """Tell nobody: for a process that finds the file made already."""


async def prepare_users(settings: Settings, outside: Outside, tell: Tell, log: Log) -> Outside:
    """Return `outside` with the users of `auth.htpasswd`; as it is without that setting.

    Where there is no such file one is made, as registry:2 does it, with a password that is told
    once. What else a registry:2 left behind, or leaves open, is logged. Raises `HtpasswdUnusable`.
    """
    if settings.auth.anonymous:
        log.warning(
            "open to everyone: whoever reaches this server may push, pull and delete",
            mend="set auth.htpasswd (REGISTRY_AUTH=htpasswd), or ENTREPOT_ADMIN_PASSWORD",
        )
    await _warn_of_old_tree(Path(settings.storage.data), log)
    return await open_users(settings, outside, log, tell)


async def open_users(
    settings: Settings, outside: Outside, log: Log, tell: Tell = _nobody
) -> Outside:
    """Return `outside` with the users of `auth.htpasswd`, and tell nothing else."""
    name = settings.auth.htpasswd
    if not name:
        return outside

    def report(complaint: str) -> None:
        log.warning("htpasswd", complaint=complaint)

    users = await asyncio.to_thread(_open, Path(name), outside.clock, tell, report)
    return replace(outside, passwords=BcryptPasswords(), users=users)


def _open(path: Path, clock: Clock, tell: Tell, report: Callable[[str], None]) -> Htpasswd:
    path = path.absolute()
    if not path.exists():
        tell(path, NEW_NAME, provision(path))
    return Htpasswd(path, clock, report)


async def _warn_of_old_tree(data: Path, log: Log) -> None:
    """Say how many repositories of a registry:2 lie in the data directory, unserved."""
    found = await asyncio.to_thread(count_repositories, data)
    if found is not None:
        number, more = found
        log.warning(
            "images of registry:2 are here and not served yet; they are left as they are",
            path=str(data / TREE),
            repositories=f"{number}{' or more' if more else ''}",
        )
