"""JSON files that only their owner reads: read whole, replaced at once."""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from entrepot.faces.cli.messages import _

from .names import CredentialError

FILE_MAX_BYTES = 4 * 1024 * 1024
PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700

# What people read, in one place.
BROKEN = _("{path} is not valid JSON ({reason}): repair it or move it away; it was not changed")
NOT_AN_OBJECT = _("it holds no JSON object")
TOO_LARGE = _("it is larger than {most} bytes")
NOT_A_FILE = _("{path} is not a regular file: nothing is kept there")
NOT_READ = _("{path} cannot be read: {reason}")
NOT_WRITTEN = _("{path} cannot be written: {reason}")


def read_object(path: Path) -> tuple[dict[str, Any], str]:
    """Return a file's JSON object and its text; an empty object where there is nothing.

    Raises `CredentialError` if it holds anything else.
    """
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise CredentialError(NOT_A_FILE.format(path=path))
            raw = file.read(FILE_MAX_BYTES + 1)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        raise CredentialError(NOT_READ.format(path=path, reason=error.strerror)) from error
    if len(raw) > FILE_MAX_BYTES:
        raise CredentialError(
            BROKEN.format(path=path, reason=TOO_LARGE.format(most=FILE_MAX_BYTES))
        )
    try:
        text = raw.decode()
        value = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        # The parser's own words name a line and a column, never what stands there.
        raise CredentialError(BROKEN.format(path=path, reason=type(error).__name__)) from error
    if not isinstance(value, dict):
        raise CredentialError(BROKEN.format(path=path, reason=NOT_AN_OBJECT))
    return value, text


def replace(path: Path, text: str) -> None:
    """Put `text` in the place of a file, or of the file that a link leads to, for its owner only.

    Whoever reads meanwhile sees the old text or the new one. Raises `CredentialError`.
    """
    try:
        target = path.resolve()
        target.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        _swap(target, text)
    except (OSError, RuntimeError) as error:
        raise CredentialError(NOT_WRITTEN.format(path=path, reason=error)) from error


def _swap(target: Path, text: str) -> None:
    fresh = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # What root writes for somebody (sudo) stays theirs, as docker has it.
            with suppress(FileNotFoundError, PermissionError):
                owner = target.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
