"""What PostgreSQL and a broken connection say, in the words of the port."""

import asyncio

import asyncpg

from entrepot.ports.catalog import Busy, CatalogFailed

BROKEN = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)
"""What is raised for a connection that cannot be used any more, or never could be."""

_GONE = {
    "57P01": "its server is shutting down",
    "57P02": "its server has crashed",
    "57P03": "its server is starting up",
    "57P04": "its database was dropped",
    "57P05": "its server closed an idle connection",
    "25P03": "this replica stood still within a transaction",
    "53300": "its server takes no more connections: raise max_connections",
}
"""The server ended the connection, or does not take one; another one may do."""

_BUSY = {
    "55P03": "another replica has kept the catalog locked for too long",
    "40001": "another transaction came in between",
    "40P01": "two transactions waited for each other",
    "57014": "a statement took too long, or was cancelled",
}

_FAILED = {
    "53100": "its disk is full: free some space",
    "53200": "its server has no memory left",
    "58030": "its disk fails: see the server's log",
    "XX001": "it is damaged: restore it from a backup",
    "XX002": "an index is damaged: see REINDEX",
    "25006": (
        "its server is read-only: a standby (name the primary one too), one whose disk is full, "
        "or behind PgBouncer in another mode than session"
    ),
    "26000": "PgBouncer before its server is not in session mode",
    "42P05": "PgBouncer before its server is not in session mode",
    "28P01": "its server refuses the password: see storage.catalog",
    "28000": "its server refuses the user: see storage.catalog and its pg_hba.conf",
    "3D000": "its database does not exist: create it",
    "3F000": "the schema that search_path names does not exist: create it",
    "42704": "its server does not know a setting: Entrepot needs PostgreSQL 14 or newer",
    "42501": "its user lacks a right: let it own the database or schema",
}


_FAILED_CLASSES = ("53", "58", "F0", "XX")
"""Resources, the system below, configuration files, and what should never be."""


def is_broken(error: BaseException) -> bool:
    """Whether the connection is of no use any more; what it did last may be done or not."""
    if isinstance(error, ValueError):
        # The driver does not take a value, of a URL or of a statement, and has sent nothing.
        return False
    return isinstance(error, BROKEN) or _state(error) in _GONE


def failure_of(error: BaseException) -> Busy | CatalogFailed | None:
    """Return what an error is to the port's users; None for a mistake of ours.

    A broken connection is `Busy`: whatever was not committed is undone.
    """
    if isinstance(error, Busy | CatalogFailed):
        return error
    state = _state(error)
    if state in _FAILED:
        return CatalogFailed(f"the catalog failed, as {_FAILED[state]} ({error})")
    if state in _BUSY:
        return Busy(f"the catalog is busy: {_BUSY[state]}")
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return Busy("the catalog is busy: its schema has just changed")
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return Busy("the catalog is away: its server is a standby; name the primary one too")
    if is_broken(error):
        said = _GONE.get(state, "its connection broke")
        return Busy(f"the catalog is away: {said} ({str(error) or type(error).__name__})")
    if state[:2] in _FAILED_CLASSES:
        return CatalogFailed(f"the catalog failed: see its server's log ({error})")
    return None


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""
