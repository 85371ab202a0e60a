"""Catalogs by where they are, to be copied: a path of a file, or a URL."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from .engine import POSTGRES
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
