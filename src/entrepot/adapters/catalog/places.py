"""Catalogs by where they are, to be copied or looked at: a file, or a URL."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from entrepot.ports.catalog import Catalog

from .engine import POSTGRES, open_catalog
from .transfer import Reading, Writing
from .transfer_sqlite import reading_sqlite, writing_sqlite


def is_server(place: str | Path) -> bool:
    """Whether it is the URL of a server's database."""
    return str(place).startswith(POSTGRES)


def reading(place: str | Path) -> AbstractAsyncContextManager[Reading]:
    """Read one moment of a catalog, which others may use."""
    if is_server(place):
        # Not at the top: the embedded catalog does without the driver.
        from .postgres.transferring import reading_postgres

        return reading_postgres(str(place))
    return reading_sqlite(Path(place))


def writing(place: str | Path) -> AbstractAsyncContextManager[Writing]:
    """Make a new catalog."""
    if is_server(place):
        from .postgres.transferring import writing_postgres

        return writing_postgres(str(place))
    return writing_sqlite(Path(place))


async def existing(place: str | Path) -> Catalog:
    """Open a catalog that is there; none is made, and one that many share stays as it is.

    Raises FileNotFoundError or `CatalogUnusable` where there is none, `Busy` or `CatalogFailed`.
    """
    if is_server(place):
        # Not at the top: the embedded catalog does without the driver.
        from .postgres.existing import open_existing

        return await open_existing(str(place))
    path = Path(place)
    if not path.is_file():  # noqa: ASYNC240 - a look
        raise FileNotFoundError(f"{path} holds no registry")
    return await open_catalog(path)


async def is_free(url: str) -> bool:
    """Whether a server's database holds no catalog yet. Raises as `existing` does."""
    # Not at the top: the embedded catalog does without the driver.
    from .postgres.existing import is_empty

    return await is_empty(url)


async def users(url: str) -> tuple[str, ...]:
    """Return the machines from which servers use a server's database. Raises as `existing`."""
    # Not at the top: the embedded catalog does without the driver.
    from .postgres.existing import connected

    return await connected(url)
