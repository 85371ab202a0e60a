"""What the command line starts: a server, or a check of one that is stopped."""

import ssl

from entrepot.adapters.catalog import CatalogUnusable
from entrepot.adapters.catalog.transfer import TransferFailed
from entrepot.adapters.datadir import DirectoryBusy
from entrepot.adapters.htpasswd import HtpasswdUnusable
from entrepot.adapters.signer import ChainUnusable
from entrepot.faces.server import ListenError
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.ports.sealing import SealBroken
from entrepot.settings import SettingsError

from .backups import backup_settings, restore_backup
from .inspection import inspect, inspect_settings
from .migrating import migrate_stopped
from .rebuilding import rebuild_settings
from .schema import bring_up, look
from .server import Announce, Started, run, run_server
from .transferring import migrate_catalog

CANNOT_START = (
    Busy,
    CatalogFailed,
    CatalogUnusable,
    ChainUnusable,
    DirectoryBusy,
    HtpasswdUnusable,
    ListenError,
    OSError,
    SealBroken,
    SettingsError,
    TransferFailed,
    ssl.SSLError,
)

__all__ = [
    "CANNOT_START",
    "Announce",
    "DirectoryBusy",
    "Started",
    "backup_settings",
    "bring_up",
    "inspect",
    "inspect_settings",
    "look",
    "migrate_catalog",
    "migrate_stopped",
    "rebuild_settings",
    "restore_backup",
    "run",
    "run_server",
]
