"""Each kind of event does again what it told of."""

from pathlib import Path

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event
from entrepot.services import events
from entrepot.services.replay import Replay, named_by
from tests.services.house import APP, House
from tests.services.storehouse import NAMES, TAGS, dump, open_storehouse

MISSING = Digest.of(b"missing")


def replay(house: House) -> Replay:
    return Replay(house.catalog, house.store, keep_until=0.0, now=7.0)


def event(kind: str, name: RepositoryName = APP, /, **facts: object) -> Event:
    return Event(kind, name, encode(facts).decode(), 5.0, 1)


@pytest.mark.parametrize(
    "told",
    [
        event("image.praised", digest=MISSING),
        event(events.TAG_MOVED, digest="no digest"),
        Event(events.TAG_MOVED, APP, "[]", 5.0, 1),
        Event(events.POLICY_CHANGED, APP, "7", 5.0, 1),
    ],
)
async def test_what_is_not_understood_is_counted_and_passed_over(house: House, told: Event) -> None:
    made = replay(house)
    await made.apply(told)
    assert made.lost.events == 1


async def test_a_lost_manifest_is_forgotten_once_it_was_deleted_and_purged(house: House) -> None:
    made = replay(house)
    facts = {"digest": MISSING, "mediaType": "", "size": 7}
    await made.apply(event(events.MANIFEST_PUBLISHED, **facts, tags=["v1", "v2"]))
    assert made.lost.manifests[APP, MISSING].tags == {"v1", "v2"}
    await made.apply(event(events.TAG_DELETED, digest=MISSING, tag="v1", trash=1, purgeAt=9.0))
    assert made.lost.manifests[APP, MISSING].tags == {"v2"}
    await made.apply(event(events.MANIFEST_DELETED, digest=MISSING, tags=["v2"], trash=2))
    assert (made.lost.manifests, [*made.lost.trash]) == ({}, [2])
    await made.apply(event(events.TRASH_PURGED, digest=MISSING, trash=2))
    assert made.lost.trash == {}
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        moves = await tx.tags.history(repository.id, TAGS[0], 9)
        (entry,) = await tx.trash.due(99.0, 9)
    assert [move.after for move in moves] == [None, MISSING]
    assert (entry.tags, entry.size) == (("v1",), 7)


async def test_policies_and_limits_are_as_they_were_set_last(house: House) -> None:
    made = replay(house)
    for document in ('{"a":1}', '{"a":2}'):
        told = {"project": "acme", "kind": "naming", "document": document}
        await made.apply(event(events.POLICY_CHANGED, RepositoryName("acme"), **told))
    gone = {"project": "acme", "kind": "aliases", "document": "{}"}
    await made.apply(event(events.POLICY_CHANGED, RepositoryName("acme"), **gone))
    await made.apply(event(events.POLICY_REMOVED, RepositoryName("acme"), **gone))
    limits = {"kind": "user", "name": "alice", "limitBytes": 5, "limitManifests": None}
    await made.apply(event(events.QUOTA_CHANGED, RepositoryName(""), **limits))
    async with house.catalog.begin() as tx:
        assert [(row.kind, row.document) for row in await tx.policies.of("acme")] == [
            ("naming", '{"a":2}')
        ]
        ledger = await tx.ledgers.find("user", "alice")
        assert await tx.repositories.find(RepositoryName("acme")) is None
    assert ledger is not None
    assert (ledger.limit_bytes, ledger.limit_manifests) == (5, None)


async def test_a_published_event_says_what_was_not_there(tmp_path: Path) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(NAMES[0], TAGS[0], [b"layer"])
        async with house.catalog.begin() as tx:
            (told, *_) = [e for e in await tx.outbox.after(0, 9) if "published" in e.kind]
    assert "sparse" not in told.payload
    assert named_by(told) in {Digest(row[1]) for row in dump(tmp_path / "catalog.db")["manifests"]}
