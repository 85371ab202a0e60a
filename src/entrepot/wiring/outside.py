"""What the services stand on: adapters, opened as the settings say."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.sealing import Keyring, given_keys, new_master_keys, origin_of
from entrepot.adapters.secrets import Secrets, new_upload_key
from entrepot.adapters.signer import Chain, Es256Mint, RingSigner, load_chain
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.ports.accounts import UserFile
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.sealing import Sealer
from entrepot.ports.secrets import Passwords, TokenSigner
from entrepot.ports.sharing import SharedBlobStore
from entrepot.services.keys import KeyService
from entrepot.settings import Settings

from .gate import NO_SOURCES, Sources
from .storage import Storage, open_storage

FORMER_KEY = "token-es256.pem"
"""The one signing key of earlier versions: the first of the rows, so that its tokens stay valid."""
MASTER_KEYS = "master.keys"
UPLOAD_KEY = "uploads.key"
DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What the services stand on; tests and simulation bring their own."""

    catalog: Catalog
    store: BlobStore
    clock: Clock
    random: Random
    passwords: Passwords
    signer: TokenSigner
    upload_key: bytes
    """`rules.tickets.KEY_BYTES` by chance; upload ids hold as long as it does."""
    users: UserFile | None = None
    """Where users are kept in a file, instead of in the catalog."""
    sources: Sources = NO_SOURCES
    """Who else knows people and machines."""
    shared: SharedBlobStore | None = None
    """The store again, where other processes use it too."""
    keys: KeyService | None = None
    """The keys of `signer`, where they are rows."""
    sealer: Sealer | None = None
    printed_keys: bytes = b""
    """Text of the master keys, if a program printed it: for the further processes."""
    storage: Storage | None = None
    """How catalog and store are kept, where they are."""

    @property
    def is_alone(self) -> bool:
        """Whether no other replica has the same catalog and blobs."""
        return self.storage is None or self.storage.is_embedded

    @property
    def base(self) -> BlobStore:
        """The store without the cache in front of it: for those who look after its bytes."""
        return self.storage.base if self.storage else self.store


async def open_outside(
    data: DataDirectory,
    stack: contextlib.AsyncExitStack,
    *,
    settings: Settings = Settings(),  # noqa: B008 - a frozen value
    shared: bool = False,
    joins: bool = False,
    printed_keys: bytes = b"",
) -> Outside:
    """Open catalog, store and keys, in the data directory or elsewhere; `stack` closes them.

    `shared` where several processes of this machine do so; all but the first of them say `joins`,
    with the `printed_keys` of the first. Raises as `open_storage` does, `SealBroken`,
    `ChainUnusable` or OSError.
    """
    storage = await open_storage(data, stack, settings=settings, shared=shared, joins=joins)
    clock, secrets = SystemClock(), storage.secrets
    sealer, printed = await _master_keys(settings, secrets, data, printed_keys)
    signer = RingSigner(clock, _chain(settings, clock.now()))
    keys = KeyService(
        storage.catalog,
        clock,
        sealer=sealer,
        ring=signer,
        mint=Es256Mint(),
        every_seconds=settings.secrets.rotate_days * DAY_SECONDS,
    )
    await keys.load(await secrets.find(FORMER_KEY))
    await secrets.forget(FORMER_KEY)
    return Outside(
        catalog=storage.catalog,
        store=storage.store,
        clock=clock,
        random=SystemRandom(),
        passwords=Argon2Passwords(),
        signer=signer,
        upload_key=await secrets.ensure(UPLOAD_KEY, new_upload_key),
        shared=storage.shared,
        keys=keys,
        sealer=sealer,
        printed_keys=printed,
        storage=storage,
    )


def _chain(settings: Settings, now: float) -> Chain | None:
    auth = settings.auth
    return load_chain(Path(auth.token_key), Path(auth.token_certs), now) if auth.token_key else None


async def _master_keys(
    settings: Settings, secrets: Secrets, data: DataDirectory, printed: bytes
) -> tuple[Keyring, bytes]:
    """Return the keyring of the master keys, and their text if a program printed it, now or before.

    Where nothing says them they lie where secrets do, made at the first start.
    """
    given = settings.secrets
    if printed:
        return Keyring.of_text(printed, origin=origin_of(given.keys_command)), printed
    found = given_keys(given.keys_file, given.keys_command)
    if found is not None:
        text, origin = found
        return Keyring.of_text(text, origin=origin), text if given.keys_command else b""
    text = await secrets.ensure(MASTER_KEYS, new_master_keys)
    return Keyring.of_text(text, origin=str(data.secrets / MASTER_KEYS)), b""
