"""Blobs in a directory: one file each, whole under its final name or not there.

    root/
      blobs/
        sha256/
          ab/                       shard: the first two characters of the hex
            ab12...ef.7             a committed blob, hex.generation; never written to again
        sha512/
          ...
      uploads/
        0123456789abcdef...         an upload under way, named by its id (32 hex characters)

Nothing else is made here, and what is found beside it is left alone. All of it lies on one
file system, as a commit is a rename.

Every change is made of the numbered steps of `disk.Step`, in this order. What a verb promises is
durable when its last step is done; a crash before leaves a state that repeating the verb mends.

    resume   1 sync the bytes   2 sync uploads/ (both only when this process does not know it yet)
    append   1 create the file (first append only)   2 write (for each view)
             3 sync the bytes   4 sync uploads/ (first append only)
    commit   1 sync the bytes (if any are not)   2 make the shard   3 rename
             4 sync the shard   5 sync the shard's parent (first commit there only)
    abort    1 remove the file
    delete   1 remove the file   2 sync the shard

The first 64 KiB of an upload wait in memory for the step that makes them durable, so that an
upload of no bytes leaves nothing on the disk, and one that is appended and committed at once takes
`append 1` and `2` within `commit`. The removal of an aborted upload is not synced: a power cut may
bring it back, and `scan_uploads` finds it.
"""

from .disk import Offload, OnStep, Step
from .replica import FsReplica
from .replicas import FsReplicas
from .retired import Retired
from .sharing import UploadLocks, UploadTurns
from .store import FsStore, open_store

__all__ = [
    "FsReplica",
    "FsReplicas",
    "FsStore",
    "Offload",
    "OnStep",
    "Retired",
    "Step",
    "UploadLocks",
    "UploadTurns",
    "open_store",
]
