"""Manifests enter and leave: what is held, shown and charged goes with them."""

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Repository, TagMove, Tx
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER
from entrepot.services.holding import Entry, enter, facts_of, leave
from tests.services.house import APP, House

LAYERS = [b"one layer", b"another"]
TOTAL = sum(map(len, (b"{}", *LAYERS)))


async def take_out(tx: Tx, repository: Repository, digest: Digest) -> tuple[list[Digest], str]:
    row = await tx.manifests.find(repository.id, digest)
    assert row is not None
    for tag in await tx.tags.of(row.id):
        await tx.tags.move(repository.id, None, _gone(tag, digest))
    return await leave(tx, row)


def _gone(tag: Tag, digest: Digest) -> TagMove:
    return TagMove(tag, digest, None, 0.0, "", "")


async def used(tx: Tx, kind: str, name: str) -> tuple[int, int]:
    ledger = await tx.ledgers.find(kind, name)
    return (ledger.used_bytes, ledger.manifests) if ledger else (0, 0)


async def push(house: House) -> Manifest:
    await house.add_image(Tag("v1"), LAYERS)
    row, raw = await house.pull.manifest(APP, Tag("v1"))
    return parse(raw, row.media_type)


async def test_i7_what_enters_is_charged_and_what_leaves_is_not(house: House) -> None:
    manifest = await push(house)
    async with house.catalog.begin(write=True) as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        size = TOTAL + len(manifest.raw)
        assert await used(tx, KIND_PROJECT, "library") == (size, 1)
        assert await used(tx, KIND_USER, "alice") == (size, 1)
        targets, pushed_by = await take_out(tx, repository, manifest.digest)
        assert pushed_by == "alice"
        assert {*targets} == {manifest.digest, *(d.digest for d in manifest.references())}
        assert await used(tx, KIND_PROJECT, "library") == (0, 0)
        assert await used(tx, KIND_USER, "alice") == (0, 0)
        facts = await facts_of(tx, repository.id, manifest)
        assert {*facts.blobs} == {d.digest for d in manifest.references()}
        entry = Entry(APP, repository.id, manifest, facts, 12.0, "")
        manifest_id, ledgers = await enter(tx, entry)
        assert [ledger.kind for ledger in ledgers] == [KIND_PROJECT]
        assert ledgers[0].used_bytes == size
        row = await tx.manifests.find(repository.id, manifest.digest)
        assert row is not None
        assert (row.id, row.pushed_at) == (manifest_id, 12.0)
