"""Blobs for commands that check or mend, with no server around them."""

from pathlib import Path

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.blobs.tiered import LevelStore
from entrepot.ports.blobs import BlobStore
from entrepot.settings import Settings

from .cold import noted_cold, open_stopped
from .storage import open_place


async def open_blobs(settings: Settings) -> BlobStore:
    """Open where the bytes are, both levels of it, without a cache in front.

    Of a directory only what is stopped. Raises ValueError or OSError.
    """
    cold = settings.cold.blobs
    if settings.storage.blobs:
        hot = await open_place(settings.storage.blobs, settings)
    else:
        data = Path(settings.storage.data)
        if "://" not in cold or noted_cold(data) != cold:
            return await open_stopped(data)
        hot = await open_store(data)
    if not cold:
        return hot
    try:
        return LevelStore(hot, await open_place(cold, settings))
    except BaseException:
        await hot.close()
        raise
