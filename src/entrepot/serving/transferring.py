"""A catalog copied into another database, while pulls go on."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.places import is_server, reading, writing
from entrepot.adapters.catalog.transfer import TransferFailed, lasting, transfer
from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.ports.catalog import Catalog
from entrepot.rules.transfers import PASSING, Transferred
from entrepot.services.dump import canonical
from entrepot.settings import Settings

FILE = "catalog.db"

Tell = Callable[[str, int], None]

_PASSWORD = re.compile(r"(://[^:@/]*):[^@/]*@")


async def migrate_catalog(settings: Settings, to: str, tell: Tell) -> Transferred:
    """Copy the catalog of these settings into a new one, and compare both.

    `to` is `postgresql://...`, a file that does not exist, or a directory for one. Servers may run
    on the old one: what they write meanwhile is missing in the copy. Raises `CatalogUnusable`,
    `CatalogFailed`, `Busy`, `TransferFailed` or OSError; then there is no copy.
    """
    source = settings.storage.catalog or Path(settings.storage.data) / FILE
    target = to if is_server(to) else _file(to)
    with contextlib.ExitStack() as stack:
        is_running = _lock(settings, stack)
        async with reading(source) as moment, writing(target) as made:
            before = await transfer(moment, made, tell)
        digests = [await _digest(source, joins=True), await _digest(target, joins=False)]
        async with reading(source) as moment:
            after = await lasting(moment)
    behind = tuple(sorted(name for name, content in after.items() if content != before[name]))
    rows = {name: content.rows for name, content in before.items()}
    if digests[0] != digests[1] and PASSING.issuperset(behind):
        raise TransferFailed(
            f"the copy in {shown(to)} is not the same as the original, and must not be used: "
            "empty it, and report this"
        )
    return Transferred(shown(str(target)), rows, digests[1], is_running, behind)


def shown(place: str) -> str:
    """Return a URL without its password, a path as it is."""
    return _PASSWORD.sub(r"\1:***@", place)


def _file(to: str) -> Path:
    if "://" in to:
        raise OSError(f"'{shown(to)}' is no catalog: write postgresql://..., a file or a directory")
    path = Path(to).absolute()
    return path / FILE if path.is_dir() else path


def _lock(settings: Settings, stack: contextlib.ExitStack) -> bool:
    """Keep servers from starting on an embedded catalog; return whether one runs already."""
    if settings.storage.catalog:
        return True  # nobody can tell; replicas may be on other machines
    path = Path(settings.storage.data)
    if not (path / FILE).exists():
        raise FileNotFoundError(f"{path} holds no registry")
    try:
        stack.callback(DataDirectory(path).close)
    except DirectoryBusy:
        return True
    return False


async def _digest(place: str | Path, *, joins: bool) -> str:
    async with _opened(place, joins=joins) as catalog:
        return await canonical(catalog)


@contextlib.asynccontextmanager
async def _opened(place: str | Path, *, joins: bool) -> AsyncIterator[Catalog]:
    catalog = await open_catalog(place, joins=joins)
    try:
        yield catalog
    finally:
        await catalog.close()
