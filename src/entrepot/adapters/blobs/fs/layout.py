"""Names to paths and back; the tree is drawn in the package's docstring."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from entrepot.adapters.blobs._shared import check_upload_id
from entrepot.oci.digest import ENCODED_LENGTH, Digest
from entrepot.ports.blobs import Blob

_SHARD = re.compile(r"[0-9a-f]{2}")
_BLOB = re.compile(r"([0-9a-f]+)\.(0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie under `root`. Paths are str: they are made on every pull."""

    root: str
    blobs: str
    uploads: str

    @classmethod
    def under(cls, root: Path) -> "Layout":
        base = os.fspath(root.absolute())
        return cls(root=base, blobs=f"{base}/blobs", uploads=f"{base}/uploads")

    def algorithms(self) -> list[str]:
        """Return the directories that hold shards."""
        return [f"{self.blobs}/{algorithm}" for algorithm in ENCODED_LENGTH]

    def blob(self, blob: Blob) -> str:
        algorithm, _, encoded = blob.digest.partition(":")
        return f"{self.blobs}/{algorithm}/{encoded[:2]}/{encoded}.{blob.generation}"

    def upload(self, upload_id: str) -> str:
        """Return the upload's path; ValueError for what is not an upload's id."""
        check_upload_id(upload_id)
        return f"{self.uploads}/{upload_id}"


def is_shard(name: str) -> bool:
    """Whether a directory of this name holds blobs."""
    return _SHARD.fullmatch(name) is not None


def parse_blob(shard: str, name: str) -> Blob | None:
    """Return the blob that a file of `shard` is; None for a foreign file."""
    match = _BLOB.fullmatch(name)
    algorithm = os.path.basename(os.path.dirname(shard))
    if match is None or ENCODED_LENGTH.get(algorithm) != len(match[1]):
        return None
    if not match[1].startswith(os.path.basename(shard)):
        return None
    return Blob(Digest(f"{algorithm}:{match[1]}"), int(match[2]))
