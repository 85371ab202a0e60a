"""Where the cold store is, noted in the data directory.

Commands on a stopped registry may know no settings, and would take blobs that moved for lost.
"""

import errno
import os
from pathlib import Path

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.blobs.tiered import LevelStore
from entrepot.ports.blobs import BlobStore

NOTE = "cold-store"
NOTE_MAX_BYTES = 4096


def note_cold(data: Path, place: str) -> None:
    """Write down that blobs of the directory may lie in `place`, empty for none.

    Raises FileNotFoundError if some lie elsewhere already, or the place is not there any more:
    they would not be found.
    """
    noted = noted_cold(data)
    wanted = place if "://" in place or not place else str(Path(place).absolute())
    is_absent = bool(noted) and "://" not in noted and not (Path(noted) / "blobs").is_dir()
    if noted == wanted:
        if is_absent:  # a mount point is there without what is mounted on it
            raise FileNotFoundError(
                errno.ENOENT,
                f"the cold store is not in {wanted}: mount it. If no blob was ever moved there, "
                f"remove the file {data / NOTE}",
            )
        return
    if noted and ("://" in noted or is_absent or any(Path(noted).glob("blobs/*/*/*"))):
        raise FileNotFoundError(
            errno.ENOENT,
            f"blobs of this registry were moved to {noted}: set cold.blobs to that again. To do "
            "without it, run `entrepot tier run --back --wait` before; if none is there any more, "
            f"remove the file {data / NOTE}",
        )
    part = data / f"{NOTE}.part"
    with part.open("w") as file:
        file.write(wanted)
        file.flush()
        os.fsync(file.fileno())
    part.replace(data / NOTE)
    directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def noted_cold(data: Path) -> str:
    """Return where the directory's cold store is: a path, a URL, or "" for none."""
    try:
        with (data / NOTE).open() as file:
            return file.read(NOTE_MAX_BYTES).strip()
    except FileNotFoundError:
        return ""


async def open_stopped(data: Path) -> BlobStore:
    """Open the store of a stopped registry's directory, with its cold one. Raises OSError."""
    place = noted_cold(data)
    if "://" in place:
        raise OSError(
            f"some blobs are in {place}: name the server's settings with --config, as they say how "
            "to open the cold store (cold.blobs)"
        )
    store = await open_store(data)
    if not place:
        return store
    try:
        if not os.path.isdir(place):  # noqa: PTH112, ASYNC240 - a look
            raise FileNotFoundError(errno.ENOENT, "the cold store is not there", place)
        return LevelStore(store, await open_store(Path(place)))
    except BaseException:
        await store.close()
        raise
