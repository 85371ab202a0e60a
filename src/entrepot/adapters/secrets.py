"""Secrets: files that only the registry's user can read, or objects."""

import asyncio
import errno
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from entrepot.ports.holding import Holder
from entrepot.rules.tickets import KEY_BYTES

SECRET_MAX_BYTES = 64 * 1024
TRIES_MAX = 100
TRY_SECONDS = 0.2
"""How often, and how soon again, a secret is looked for that another replica makes."""

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""What file systems without hard links say: FAT, and some that containers share with a host."""


def new_upload_key() -> bytes:
    """Return a key for `rules.tickets`."""
    return os.urandom(KEY_BYTES)


class Secrets(Protocol):
    """Secrets by name."""

    async def ensure(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the secret, made now if there is none."""
        ...

    async def find(self, name: str) -> bytes | None:
        """Return the secret, or None if there is none."""
        ...

    async def forget(self, name: str) -> None:
        """Remove the secret, if it is there."""
        ...


class FileSecrets:
    """One file for each secret, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def ensure(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the secret, made now if there is none. Small files, so read inline."""
        path = self._directory / name
        try:
            return self._read(path)
        except FileNotFoundError:
            self._write(path, make())
            return self._read(path)

    async def find(self, name: str) -> bytes | None:
        """Return the secret, or None if there is none."""
        try:
            return self._read(self._directory / name)
        except FileNotFoundError:
            return None

    async def forget(self, name: str) -> None:
        """Remove the secret, if it is there."""
        (self._directory / name).unlink(missing_ok=True)

    def _read(self, path: Path) -> bytes:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(file, "rb") as stream:
            return stream.read(SECRET_MAX_BYTES)

    def _write(self, path: Path, data: bytes) -> None:
        # A name by chance, mode 0600: containers that share a volume share process ids too.
        file, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=self._directory)
        temporary = Path(name)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(file)
            # A link, unlike a rename, never replaces what another process made first.
            path.hardlink_to(temporary)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # The directory's lock lets one server in, so that nothing is replaced here either.
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        directory = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class Objects(Protocol):
    """What is needed of an object store. Its errors are OSError."""

    async def get(self, key: str) -> bytes | None: ...
    async def create(self, key: str, data: bytes) -> bool: ...
    async def delete(self, keys: Sequence[str]) -> None: ...


class ObjectSecrets:
    """Keeps `Secrets`: one object for each, the same for all replicas.

    They lie beside the blobs, apart from the catalog, whose sealed rows they open.
    """

    def __init__(self, objects: Objects, holder: Holder) -> None:
        self._objects = objects
        self._holder = holder

    async def ensure(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the secret; of replicas that start at once one makes it, the others wait."""
        for _ in range(TRIES_MAX):
            found = await self.find(name)
            if found is not None:
                return found
            try:
                async with self._holder.hold(f"secret {name}"):
                    if await self.find(name) is None:
                        # Never over another's: who stood still has lost the hold meanwhile.
                        await self._objects.create(_key(name), make())
            except BlockingIOError:
                await asyncio.sleep(TRY_SECONDS)
        raise TimeoutError(f"another replica holds the secret {name}, and does not make it")

    async def find(self, name: str) -> bytes | None:
        return await self._objects.get(_key(name))

    async def forget(self, name: str) -> None:
        await self._objects.delete([_key(name)])


def _key(name: str) -> str:
    return f"secrets/{name}"
