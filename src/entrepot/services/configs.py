"""What an image says of itself: labels and platform, from its configuration blob."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.platform import Platform, normalised
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import BlobRow, has_bytes

CONFIG_MAX_BYTES = 4 << 20
"""Larger configurations are not read: they say nothing."""
REMEMBERED_MAX = 4096
"""Configurations whose facts are kept in memory; they never change."""
LABELS_MAX = 256
"""Labels looked at of one image."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Labels, annotations included, and platforms in canonical form; an index has its children's.

    What cannot be read says nothing.
    """

    labels: frozenset[tuple[str, str]] = frozenset()
    platforms: frozenset[str] = frozenset()


class ImageConfigs:
    """Reads configurations, each once in a while."""

    def __init__(self, catalog: Catalog, store: BlobStore) -> None:
        self._catalog = catalog
        self._store = store
        self._known: OrderedDict[Digest, ImageFacts] = OrderedDict()

    async def facts(self, digest: Digest, media_type: str) -> ImageFacts:
        """Return the facts of a manifest or index. Raises OSError when the store fails."""
        known = self._known.get(digest)
        if known is None:
            known = await self._read(digest, media_type)
            self._known[digest] = known
            if len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        return known

    async def _read(self, digest: Digest, media_type: str) -> ImageFacts:
        async with self._catalog.begin() as tx:
            raw = await tx.manifests.raw(digest)
        if raw is None:
            return ImageFacts()
        try:
            manifest = parse(raw, media_type, digest.algorithm)
        except Fault:
            return ImageFacts()
        labels = dict(manifest.annotations)
        if manifest.is_index:
            return ImageFacts(_labels(labels), _of_children(manifest))
        config = await self.config(manifest)
        inner = config.get("config")
        if isinstance(inner, dict) and isinstance(inner.get("Labels"), dict):
            labels = {**inner["Labels"], **labels}
        return ImageFacts(_labels(labels), _platform(config))

    async def config(self, manifest: Manifest) -> dict[str, Any]:
        """Return an image's configuration; empty if there is none, or none that can be read."""
        return (await self.configs([manifest]))[manifest.digest]

    async def configs(self, manifests: Sequence[Manifest]) -> dict[Digest, dict[str, Any]]:
        """Return the same of several, by the manifests' digests. OSError if the store fails."""
        named = {one.digest: one.config for one in manifests}
        places = {
            digest: about.digest
            for digest, about in named.items()
            if about is not None and about.size <= CONFIG_MAX_BYTES
        }
        rows: dict[Digest, BlobRow] = {}
        if places:
            async with self._catalog.begin() as tx:
                rows = await tx.lists.related.blobs([*places.values()])
        held = {digest: rows[place] for digest, place in places.items() if place in rows}
        # At once: each that is not in memory waits for a thread, and then for all other requests.
        documents = await asyncio.gather(*(self._document(row) for row in held.values()))
        found: dict[Digest, dict[str, Any]] = {digest: {} for digest in named}
        return found | dict(zip(held, documents, strict=True))

    async def _document(self, row: BlobRow) -> dict[str, Any]:
        if not has_bytes(row):
            return {}
        try:
            reading = await self._store.open(Blob(row.digest, row.generation))
        except FileNotFoundError:
            return {}
        try:
            raw = b"".join([chunk async for chunk in reading.chunks()])
        finally:
            reading.close()
        try:
            found = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _labels(found: dict[Any, Any]) -> frozenset[tuple[str, str]]:
    pairs = [(k, v) for k, v in found.items() if isinstance(k, str) and isinstance(v, str)]
    return frozenset(pairs[:LABELS_MAX])


def _platform(config: dict[str, Any]) -> frozenset[str]:
    parts = [config.get(name) or "" for name in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) for part in parts) or not (parts[0] and parts[1]):
        return frozenset()
    return frozenset([str(normalised(Platform(*parts)))])


def _of_children(manifest: Manifest) -> frozenset[str]:
    platforms = [child.platform for child in manifest.children]
    return frozenset(str(normalised(one)) for one in platforms if one and not one.is_unknown)
