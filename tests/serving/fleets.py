"""What a fleet keeps, with services over it in this process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from entrepot.adapters.blobs.objects import ObjectStore, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.journal import ObjectJournal
from entrepot.ports.accounts import Account
from entrepot.rules.access import Identity, Kind
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService
from entrepot.settings import Settings, Storage
from tests.servers.seaweed import Seaweed
from tests.services.house import ALICE, HandClock
from tests.services.storehouse import NAMES, TAGS, Storehouse, storehouse_over

APP = NAMES[0]


def settings_of(data: Path, catalog: str, blobs: str, seaweed: Seaweed) -> Settings:
    """Return the settings of a replica."""
    storage = Storage(data=str(data), catalog=catalog, blobs=blobs)
    return Settings(storage=storage, objects=seaweed.options)


@asynccontextmanager
async def bucket_of(settings: Settings) -> AsyncIterator[ObjectStore]:
    """The store that the settings name."""
    store = await open_store(settings.storage.blobs, settings.objects)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_fleet(settings: Settings) -> AsyncIterator[Storehouse]:
    """Services as one replica has them; at the end the journal is up to date, all is closed."""
    async with AsyncExitStack() as stack:
        place = settings.storage.catalog or Path(settings.storage.data) / "catalog.db"
        catalog = await open_catalog(place)
        stack.push_async_callback(catalog.close)
        store = await stack.enter_async_context(bucket_of(settings))
        journal = ObjectJournal(store.bucket)
        await journal.look()
        yield await stack.enter_async_context(storehouse_over(catalog, store, journal))


async def furnish(settings: Settings) -> None:
    """Let it hold two images, one of them in the trash, and a user who may something."""
    async with open_fleet(settings) as house:
        gone = await house.add_image(APP, TAGS[0], [b"gone"])
        await house.add_image(APP, TAGS[1], [b"layer"])
        await house.deletion.delete(APP, gone.digest, ALICE)
        async with house.catalog.begin(write=True) as tx:
            await tx.accounts.add(Account("bob", Role.ADMIN, "hash", 1.0, 2.0))
        by = Acting(Identity("root", Role.ADMIN, kind=Kind.USER), Caller("root"))
        await ProjectService(house.catalog, HandClock()).create("acme", by, public=True)
        wanted = Wanted(SubjectKind.USER, "bob", "acme", "guest")
        await GrantService(house.catalog, HandClock()).give(wanted, by)
