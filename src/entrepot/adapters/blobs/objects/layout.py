"""Names of objects below the store's prefix."""

from entrepot.adapters.blobs._shared import check_upload_id, is_upload_id
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.ports.blobs import Blob

BLOBS = "blobs"
REFS = "refs"
DATA = "data"
UPLOADS = "uploads"


def blob_key(blob: Blob) -> str:
    """Return where the bytes of a small blob lie."""
    return f"{BLOBS}/{_place(blob)}"


def ref_key(blob: Blob) -> str:
    """Return where the pointer to a big blob's bytes lies."""
    return f"{REFS}/{_place(blob)}"


def upload_key(upload_id: str) -> str:
    """Return where an upload's state lies; ValueError unless it may name one."""
    check_upload_id(upload_id)
    return f"{UPLOADS}/{upload_id}"


def data_key(data_id: str, number: int) -> str:
    """Return where a piece of a big blob lies; `data_id` is `UPLOAD-ID.CHANCE`."""
    return f"{DATA}/{data_id}/{number}"


def upload_of(key: str) -> str | None:
    """Return the id of the upload whose state or data a key names; None for other keys."""
    kind, _, rest = key.partition("/")
    name = rest.partition("/")[0].partition(".")[0]
    return name if kind in (UPLOADS, DATA) and is_upload_id(name) else None


def blob_of(key: str) -> Blob | None:
    """Return the blob that a key below `BLOBS` or `REFS` names; None for what is none."""
    parts = key.split("/")
    if len(parts) != 4 or parts[0] not in (BLOBS, REFS):
        return None
    encoded, _, generation = parts[3].partition(".")
    if not (generation.isascii() and generation.isdigit()) or parts[2] != encoded[:2]:
        return None
    try:
        return Blob(Digest.parse(f"{parts[1]}:{encoded}"), int(generation))
    except Fault:
        return None


def _place(blob: Blob) -> str:
    encoded = blob.digest.encoded
    return f"{blob.digest.algorithm}/{encoded[:2]}/{encoded}.{blob.generation}"
