"""What to tell people of why a server, or a command without one, failed."""

import errno
from urllib.parse import urlsplit

from .messages import _

# What people read, in one place.
NOT_THERE = _("{file}: there is no such file or directory: check the path")
NOT_ALLOWED = _("{file} may not be used by this user: give it the right to, or name another")
IN_THE_WAY = _("{file} is in the way, and no directory: name another place")
NO_ROOM = _("{file}: the disk is full: make room, or name a directory on another one")
READ_ONLY = _("{file} is on a file system that cannot be written: name another directory")
AT_CATALOG = _(
    "{error}: see that PostgreSQL runs at {where}, and can be reached from here, or mend "
    "storage.catalog"
)

_CAUSES = {
    errno.ENOENT: NOT_THERE,
    errno.EACCES: NOT_ALLOWED,
    errno.EPERM: NOT_ALLOWED,
    errno.EEXIST: IN_THE_WAY,
    errno.ENOTDIR: IN_THE_WAY,
    errno.ENOSPC: NO_ROOM,
    errno.EDQUOT: NO_ROOM,
    errno.EROFS: READ_ONLY,
}


def cause_of(error: BaseException) -> str:
    """Return an error in one line: of the system's with cause and cure, not with its number."""
    if not isinstance(error, OSError) or error.strerror is None or error.errno is None:
        return str(error)
    if error.filename is None:
        return error.strerror
    told = _CAUSES.get(error.errno)
    if told is None:
        return f"{error.filename}: {error.strerror}"
    return told.format(file=error.filename)


def at_catalog(error: BaseException, catalog: str) -> str:
    """Return why a catalog cannot be reached, and where it was looked for; never a password."""
    where = urlsplit(catalog).netloc.rpartition("@")[2]
    return AT_CATALOG.format(error=error, where=where) if where else str(error)
