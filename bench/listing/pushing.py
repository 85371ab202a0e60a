"""Pushes to the large repository while it is listed, as rows."""

import asyncio
import secrets
import time

from bench.lifecycle import documents
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_CONFIG, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import EDGE_SELF, Catalog, Edge, Event, ManifestRow, TagMove

from .generate import BIG

EVERY_SECONDS = 1.0


async def push_again_and_again(catalog: Catalog) -> None:
    """Push an image with a tag each second, until cancelled."""
    name = RepositoryName(BIG)
    while True:
        config = (Digest.of(secrets.token_bytes(8)), 100)
        raw = documents.image(config, [])
        digest, now = Digest.of(raw), time.time()
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(name, now)
            row = ManifestRow(
                0, repository.id, digest, OCI_MANIFEST, OCI_CONFIG, len(raw), None, "{}", now
            )
            number = await tx.manifests.add(row, raw, [Edge(digest, EDGE_SELF)])
            move = TagMove(Tag(f"pushed-{now:.3f}"), None, digest, now, "robot$ci", "bench")
            await tx.tags.move(repository.id, number, move)
            await tx.outbox.append(Event("manifest.published", name, "{}", now))
        await asyncio.sleep(EVERY_SECONDS)
