"""Two stores as one, while blobs move between them."""

from entrepot.adapters.blobs import memory
from entrepot.adapters.blobs.tiered import LevelStore
from entrepot.ports.blobs import Blob, BlobStore, Capabilities
from tests.adapters.blobs.below import Below
from tests.adapters.blobs.bodies import put, read


class Emptied(Below):
    """A cold store that has given its blobs back whenever somebody looks."""

    def __init__(self, store: BlobStore, hot: BlobStore) -> None:
        super().__init__(store)
        self._hot = hot

    async def stat(self, blob: Blob) -> int | None:
        await put(self._hot, b"some")
        return await super().stat(blob)


async def test_what_comes_back_meanwhile_is_there() -> None:
    hot = await memory.open_store()
    store = LevelStore(hot, Emptied(await memory.open_store(), hot))
    first = await put(await memory.open_store(), b"some")
    blob = Blob(first.digest, first.generation + 1)
    assert await store.stat(blob) == 4
    assert await read(store, blob) == b"some"
    assert await store.stat(Blob(first.digest, 0)) is None


async def test_whoever_sends_clients_elsewhere_sends_them_to_where_it_is() -> None:
    async def link(blob: Blob, size: int) -> str | None:
        return f"https://cold/{size}"

    class Linking(Below):
        @property
        def capabilities(self) -> Capabilities:
            return Capabilities(link=link)

    hot, cold = await memory.open_store(), await memory.open_store()
    store = LevelStore(hot, Linking(cold))
    in_hot, in_cold = await put(hot, b"one"), await put(cold, b"two")
    found = store.capabilities.link
    assert found is not None
    assert await found(in_hot, 3) is None
    assert await found(in_cold, 3) == "https://cold/3"
