"""What artifacts are, as JSON that never changes, of extracts or worked out.

What was worked out is kept while there is room; an extract is read faster than it is found again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.oci.digest import Digest
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Child, Extract, extract_of, read_text
from entrepot.services.artifacts import ArtifactService

from .kinds import Kind, additions, extra_attributes, kind_of

CORES_SIZE_MAX_BYTES = 16 << 20
"""Memory that they may take, about; those used longest ago go first."""
CORE_SIZE_MAX_BYTES = 64 * 1024
"""Larger ones are worked out each time."""
AT_ONCE = 16
"""Artifacts that are worked out at a stretch: others have their turn between."""
_FIXED_SIZE_BYTES = 700
_CHILD_SIZE_BYTES = 700


class Core(msgspec.Struct, frozen=True):
    """What an artifact's manifest and configuration say."""

    kind: Kind
    extra: dict[str, Any] | UnsetType
    """JSON, however it is declared: it is only put into answers."""
    annotations: dict[str, str] | UnsetType
    children: tuple[Child, ...]
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
            core = _core(read_text(item.extract)) if item.extract else None
            if core is None:
                core = self._known.get(item.digest)
                if core is None:
                    missing.append(item)
                    continue
                self._known.move_to_end(item.digest)
            found[item.digest] = core
        for start in range(0, len(missing), AT_ONCE):
            if start:
                await asyncio.sleep(0)
            insides = await self._artifacts.insides(missing[start : start + AT_ONCE])
            for digest, inside in insides.items():
                core = _core(extract_of(inside))
                if core is not None:
                    found[digest] = core
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


def _core(extract: Extract) -> Core | None:
    """Return what an extract says; None if it lacks what is to be shown of such a kind."""
    kind = kind_of(extract)
    extra = extra_attributes(kind, extract)
    if extra is None:
        return None
    noted = extract.annotations
    size = len(extra) + len(noted) + _CHILD_SIZE_BYTES * len(extract.children)
    return Core(
        kind,
        cast("dict[str, Any]", extra) if extra else UNSET,
        cast("dict[str, str]", noted) if noted else UNSET,
        extract.children,
        additions(kind, extract),
        size + _FIXED_SIZE_BYTES,
    )
