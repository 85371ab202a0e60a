"""What SQLite says of a disk or a file that fails, in the words of the port."""

import sqlite3

from entrepot.ports.catalog import CatalogFailed

PRIMARY_CODE = 0xFF
"""The part of an extended result code that names its kind."""

_MEANINGS = {
    sqlite3.SQLITE_FULL: "its disk is full: free some space",
    sqlite3.SQLITE_IOERR: "its disk fails: see the system's log, and run `entrepot fsck` after",
    sqlite3.SQLITE_READONLY: "it is read-only: make its directory and disk writable",
    sqlite3.SQLITE_PERM: "it may not be opened: make its directory readable and writable",
    sqlite3.SQLITE_CANTOPEN: "its files cannot be opened: see that its directory is there",
    sqlite3.SQLITE_CORRUPT: "it is damaged: stop the registry and restore it from a backup",
    sqlite3.SQLITE_NOTADB: "it is damaged: stop the registry and restore it from a backup",
    sqlite3.SQLITE_PROTOCOL: "its locks fail: keep it on a local disk",
    sqlite3.SQLITE_NOLFS: "its disk takes no larger file: move it to another one",
    sqlite3.SQLITE_NOMEM: "there is no memory left: give the registry more",
}


def failure_of(error: sqlite3.Error) -> CatalogFailed | None:
    """Return what a failure of the medium is to the port's users; None for any other error."""
    # What the driver raises by itself, such as for a closed connection, has no code.
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
    meaning = _MEANINGS.get(code)
    return CatalogFailed(f"the catalog failed, as {meaning} ({error})") if meaning else None
