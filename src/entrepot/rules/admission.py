"""Whether a manifest may enter, from facts the catalog knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from entrepot.oci.descriptor import Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import Manifest

MISSING_SHOWN_MAX = 100
"""Most missing references named in one error's detail."""


class Sparse(StrEnum):
    """Which manifests may name what the repository does not have."""

    OFF = "off"
    INDEXES = "indexes"
    """An index may come without some of its manifests: platforms that nobody needs here."""
    ALL = "all"
    """An image may come without some of its blobs, too; whoever pulls it will miss them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the repository holds of a manifest's references: size in bytes by digest.

    `blobs` of an index are those of its children that are none but blobs: BuildKit writes the
    index of a cache over layers. `documents` are what is named as a blob and is a manifest here:
    delta artifacts have manifests as layers.
    """

    blobs: Mapping[Digest, int]
    children: Mapping[Digest, int]
    documents: frozenset[Digest] = frozenset()


def decide(manifest: Manifest, facts: Facts, sparse: Sparse = Sparse.OFF) -> Fault | None:
    """Return why the manifest cannot be taken, or None.

    Every blob and child must lie in the repository with the size its descriptor says. Exempt are
    the subject (distribution-spec, "Pushing Manifests with Subject"), foreign layers, and what
    `sparse` lets be missing.
    """
    blobs = [d for d in manifest.blobs() if d.digest not in facts.blobs and not d.may_be_absent]
    held = {**facts.blobs, **facts.children} if manifest.is_index else facts.blobs
    children = [d for d in manifest.children if d.digest not in held]
    if (blobs and sparse is not Sparse.ALL) or (children and sparse is Sparse.OFF):
        return _missing(blobs, children)
    for descriptor in manifest.references():
        size = held.get(descriptor.digest)
        if size is not None and size != descriptor.size:
            return Fault(
                Code.MANIFEST_INVALID,
                f"the manifest says that {descriptor.digest} has {descriptor.size} bytes, "
                f"but it has {size}: write its real size into the manifest",
                {"digest": descriptor.digest, "size": size, "declared": descriptor.size},
            )
    return None


def _missing(blobs: list[Descriptor], children: list[Descriptor]) -> Fault:
    first = (blobs or children)[0].digest
    count = len(blobs) + len(children)
    more = f" and {count - 1} more" if count > 1 else ""
    what = "blob" if blobs else "manifest"
    return Fault(
        Code.MANIFEST_BLOB_UNKNOWN,
        f"{what} {first}{more} is not in this repository: push or mount it before the manifest",
        [{"digest": d.digest} for d in (blobs + children)[:MISSING_SHOWN_MAX]],
    )
