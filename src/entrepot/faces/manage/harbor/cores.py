"""What artifacts are, as JSON that never changes: kept while there is room."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.oci.descriptor import Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.ports.listing import ArtifactItem
from entrepot.services.artifacts import ArtifactService, Inside

from .kinds import Kind, additions, extra_attributes, kind_of

CORES_SIZE_MAX_BYTES = 16 << 20
"""Memory that they may take, about; those used longest ago go first."""
CORE_SIZE_MAX_BYTES = 64 * 1024
"""Larger ones are worked out each time."""
AT_ONCE = 16
"""Artifacts that are worked out at a stretch: others have their turn between."""
_FIXED_SIZE_BYTES = 700
_CHILD_SIZE_BYTES = 700


@dataclass(frozen=True, slots=True)
class Core:
    """What an artifact's manifest and configuration say."""

    kind: Kind
    extra: dict[str, Any] | UnsetType
    """JSON, however it is declared: it is only put into answers."""
    annotations: dict[str, str] | UnsetType
    children: tuple[Descriptor, ...]
    additions: tuple[str, ...]
    size_bytes: int


class Cores:
    """Knows the cores of artifacts by digest."""

    def __init__(self, artifacts: ArtifactService) -> None:
        self._artifacts = artifacts
        self._known: OrderedDict[Digest, Core] = OrderedDict()
        self.size_bytes = 0

    async def of(self, items: Sequence[ArtifactItem]) -> dict[Digest, Core]:
        """Return those of some artifacts, as far as they are there. OSError if the store fails."""
        found = {}
        missing = []
        for item in items:
            known = self._known.get(item.digest)
            if known is None:
                missing.append(item)
            else:
                self._known.move_to_end(item.digest)
                found[item.digest] = known
        for start in range(0, len(missing), AT_ONCE):
            if start:
                await asyncio.sleep(0)
            insides = await self._artifacts.insides(missing[start : start + AT_ONCE])
            for digest, inside in insides.items():
                found[digest] = core = _core(inside)
                self._keep(digest, core)
        return found

    def _keep(self, digest: Digest, core: Core) -> None:
        if core.size_bytes > CORE_SIZE_MAX_BYTES or digest in self._known:
            return
        self._known[digest] = core
        self.size_bytes += core.size_bytes
        while self.size_bytes > CORES_SIZE_MAX_BYTES:
            _, gone = self._known.popitem(last=False)
            self.size_bytes -= gone.size_bytes


def _core(inside: Inside) -> Core:
    manifest = inside.manifest
    kind = kind_of(manifest)
    extra = extra_attributes(kind, inside)
    texts = [encode(one) if one else b"" for one in (extra, dict(manifest.annotations))]
    size = sum(map(len, texts)) + _FIXED_SIZE_BYTES + _CHILD_SIZE_BYTES * len(manifest.children)
    return Core(
        kind,
        cast("dict[str, Any]", msgspec.Raw(texts[0])) if texts[0] else UNSET,
        cast("dict[str, str]", msgspec.Raw(texts[1])) if texts[1] else UNSET,
        manifest.children,
        additions(kind, manifest),
        size,
    )
