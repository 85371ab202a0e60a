"""What was opened before something cannot be is closed again."""

import gc
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from entrepot.adapters.blobs.objects.errors import StoreRefused
from entrepot.adapters.datadir import DataDirectory
from entrepot.settings import Settings, Storage
from entrepot.settings.tiers import Cache, Cold
from entrepot.wiring.storage import open_storage
from tests.servers.seaweed import Seaweed


@pytest.mark.parametrize("wrong", ["cold", "cache"])
async def test_a_bucket_is_closed_if_what_stands_on_it_cannot_be_opened(
    seaweed: Seaweed, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "file").touch()
    storage = Storage(data=str(tmp_path), blobs=seaweed.url())
    cold = Cold(blobs="s3://another/x" if wrong == "cold" else seaweed.url())
    cache = Cache(dir="file")
    settings = Settings(storage=storage, objects=seaweed.options, cold=cold, cache=cache)
    with closing(DataDirectory(tmp_path)) as data:
        async with AsyncExitStack() as stack:
            with pytest.raises(StoreRefused if wrong == "cold" else NotADirectoryError):
                await open_storage(data, stack, settings=settings, shared=False, joins=False)
    gc.collect()  # a client that is left open complains, and warnings are errors
