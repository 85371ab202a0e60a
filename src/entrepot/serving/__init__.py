"""What the command line starts: a server, or a check of one that is stopped."""

import ssl

from entrepot.adapters.catalog import CatalogUnusable
from entrepot.adapters.datadir import DirectoryBusy
from entrepot.adapters.htpasswd import HtpasswdUnusable
from entrepot.adapters.signer import ChainUnusable
from entrepot.faces.server import ListenError
from entrepot.ports.catalog import CatalogFailed
from entrepot.ports.sealing import SealBroken
from entrepot.settings import SettingsError

from .backups import backup_stopped, restore_backup
from .inspection import inspect
from .rebuilding import rebuild
from .server import Announce, Started, run, run_server

CANNOT_START = (
    CatalogFailed,
    CatalogUnusable,
    ChainUnusable,
    DirectoryBusy,
    HtpasswdUnusable,
    ListenError,
    OSError,
    SealBroken,
    SettingsError,
    ssl.SSLError,
)

__all__ = [
    "CANNOT_START",
    "Announce",
    "DirectoryBusy",
    "Started",
    "backup_stopped",
    "inspect",
    "rebuild",
    "restore_backup",
    "run",
    "run_server",
]
