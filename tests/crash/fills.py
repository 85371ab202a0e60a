"""What jobs are to work on, and what is looked at when they are done."""

import json
from collections.abc import Iterable

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import ManifestRow
from entrepot.ports.trash import KIND_MANIFEST, TrashEntry, TrashScope
from entrepot.rules.history import Move
from entrepot.services.deletion import Cause
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from tests.services.house import ALICE, Bytes, descriptor, image, index

from .places import Place

ALL = 10_000
"""More than there is of anything."""


async def push_image(
    place: Place, name: RepositoryName, tag: Tag | None, text: str, **extra: object
) -> bytes:
    """Push an image with one layer, a minute after whatever was before; return its manifest."""
    place.clock.seconds += 60
    uploads = place.house.uploads
    for data in (b"{}", text.encode()):
        await uploads.finish(name, None, ALICE, Digest.of(data), Chunk(Bytes(data)))
    raw = image([text.encode()], **extra)
    await _publish(place, name, raw, OCI_MANIFEST, tag)
    return raw


async def push_index(
    place: Place, name: RepositoryName, tag: Tag | None, children: list[bytes]
) -> bytes:
    place.clock.seconds += 60
    raw = index(children)
    await _publish(place, name, raw, OCI_INDEX, tag)
    return raw


async def _publish(
    place: Place, name: RepositoryName, raw: bytes, media_type: str, tag: Tag | None
) -> None:
    reference: Reference = tag or Digest.of(raw)
    await place.house.registry.push.publish(name, Pushed(raw, media_type, reference), ALICE)


async def sign(place: Place, name: RepositoryName, subject: bytes, text: str) -> bytes:
    """Push a referrer without a tag."""
    return await push_image(place, name, None, text, subject=descriptor(OCI_MANIFEST, subject))


async def push_all(place: Place, name: RepositoryName, count: int) -> list[bytes]:
    """Push so many images, an index over two of them and a signature; return them, index first."""
    images = [
        await push_image(place, name, Tag(f"v{number:02d}"), f"{name} {number}")
        for number in range(count)
    ]
    whole = await push_index(place, name, Tag("whole"), images[:2])
    return [whole, *images, await sign(place, name, whole, f"{name} signature")]


async def delete_all(
    place: Place, name: RepositoryName, manifests: Iterable[bytes], batch: str = ""
) -> None:
    """Let manifests go to the trash, in one operation."""
    place.clock.seconds += 60
    for raw in manifests:
        async with place.outside.catalog.begin(write=True) as tx:
            repository = await tx.repositories.find(name)
            assert repository is not None
            gone = await place.house.registry.deletion.drop_manifest(
                tx, repository, Digest.of(raw), Cause(ALICE, batch)
            )
            assert gone


# What came of it ------------------------------------------------------------------------------


def digests(manifests: Iterable[bytes]) -> list[str]:
    return sorted(Digest.of(raw) for raw in manifests)


async def told(place: Place, kind: str, fact: str) -> list[str]:
    """Return that fact of each event of a kind, sorted: with it twice if there are two."""
    async with place.outside.catalog.begin() as tx:
        events = await tx.outbox.after(0, ALL)
    return sorted(json.loads(each.payload)[fact] for each in events if each.kind == kind)


async def trash(place: Place, batch: str | None = None) -> list[TrashEntry]:
    async with place.outside.catalog.begin() as tx:
        return await tx.trash.page(TrashScope(batch=batch), 0, ALL)


async def trashed(place: Place, batch: str | None = None) -> list[str]:
    """Return the digests of all manifests in the trash, sorted."""
    entries = await trash(place, batch)
    return sorted(entry.digest for entry in entries if entry.kind == KIND_MANIFEST)


async def live(place: Place, name: RepositoryName) -> list[ManifestRow]:
    async with place.outside.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        return await tx.manifests.page(repository.id, None, ALL)


async def tags(place: Place, name: RepositoryName) -> dict[str, Digest | None]:
    async with place.outside.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        found = await tx.tags.page(repository.id, "", ALL)
        return {str(tag): await tx.tags.find(repository.id, tag) for tag in found}


async def moves(place: Place, name: RepositoryName) -> dict[str, list[Move]]:
    """Return the moves of each tag, oldest first."""
    async with place.outside.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        found = await tx.history.moves(repository.id, None, 1 << 62, ALL)
    by_tag: dict[str, list[Move]] = {}
    for move in reversed(found):
        by_tag.setdefault(str(move.tag), []).append(move)
    return by_tag
