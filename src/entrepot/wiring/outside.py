"""What the services stand on: adapters, opened on a data directory."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from entrepot.adapters.blobs.fs import Holds, Retired, SharedStore, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.sealing import Keyring, given_keys, new_master_keys, origin_of
from entrepot.adapters.secrets import FileSecrets, new_upload_key
from entrepot.adapters.signer import Es256Mint, RingSigner, load_chain
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

FORMER_KEY = "token-es256.pem"
"""The one signing key of earlier versions: the first of the rows, so that its tokens stay valid."""
MASTER_KEYS = "master.keys"
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


async def embedded(
    data: DataDirectory,
    stack: contextlib.AsyncExitStack,
    *,
    settings: Settings = Settings(),  # noqa: B008 - a frozen value
    shared: bool = False,
    joins: bool = False,
    printed_keys: bytes = b"",
) -> Outside:
    """Open the embedded catalog, store and keys of a data directory; `stack` closes them.

    `shared` where several processes do so; all but the first of them say `joins`, with the
    `printed_keys` of the first. Raises as `open_catalog` does, `SealBroken`, `ChainUnusable` or
    OSError.
    """
    catalog = await open_catalog(
        data.catalog, turnstile=data.turnstile if shared else None, joins=joins
    )
    stack.push_async_callback(catalog.close)
    opened = await open_store(data.path)
    among = None
    if shared:
        among = SharedStore(opened, Holds(data.upload_holds), Retired(data.retired_uploads))
    store = among or opened
    stack.push_async_callback(store.close)
    secrets = FileSecrets(data.secrets)
    clock = SystemClock()
    sealer, printed = await _master_keys(settings, secrets, data, printed_keys)
    auth, chain = settings.auth, None
    if auth.token_key:
        chain = load_chain(Path(auth.token_key), Path(auth.token_certs), clock.now())
    signer = RingSigner(clock, chain)
    keys = KeyService(
        catalog,
        clock,
        sealer=sealer,
        ring=signer,
        mint=Es256Mint(),
        every_seconds=settings.secrets.rotate_days * DAY_SECONDS,
    )
    await keys.load(await secrets.find(FORMER_KEY))
    await secrets.forget(FORMER_KEY)
    return Outside(
        catalog=catalog,
        store=store,
        clock=clock,
        random=SystemRandom(),
        passwords=Argon2Passwords(),
        signer=signer,
        upload_key=await secrets.ensure("uploads.key", new_upload_key),
        shared=among,
        keys=keys,
        sealer=sealer,
        printed_keys=printed,
    )


async def _master_keys(
    settings: Settings, secrets: FileSecrets, data: DataDirectory, printed: bytes
) -> tuple[Keyring, bytes]:
    """Return the keyring of the master keys, and their text if a program printed it, now or before.

    Where nothing says them they are a file of the data directory, made at the first start.
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
