"""Jobs on tags and manifests, with what they work on and what must come of them."""

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import NewJob
from entrepot.ports.trash import KIND_TAG
from entrepot.services import bulk, retention, rollback
from entrepot.services.events import (
    MANIFEST_DELETED,
    MANIFEST_RESTORED,
    TAG_DELETED,
    TAG_MOVED,
    TRASH_PURGED,
)
from entrepot.services.rolling import Scope
from tests.services.house import ALICE, image

from . import fills
from .places import Kind, Place, ours

PROJECT = "crash"
APP = RepositoryName(f"{PROJECT}/app")
NAMES = [RepositoryName(f"{PROJECT}/{word}") for word in ("a", "b", "c")]
IMAGES = 40
KEPT = 5
POLICY = f'keep n: {KEPT}\ndelete where tag ~ "*-rc"'
BATCH = "thrown away"
CHILDREN = SIGNATURES = 16
MOVED = 30
RESTORED = 20
NEW = 20


def _job(kind: str, **args: str) -> NewJob:
    return NewJob(kind, encode(args).decode(), actor="bob")


def _texts(name: RepositoryName, count: int) -> list[bytes]:
    """Return the manifests that `push_all` and the like have pushed."""
    return [image([f"{name} {number}".encode()]) for number in range(count)]


# retention ------------------------------------------------------------------------------------


async def _prepare_retention(place: Place) -> int:
    for name in NAMES:
        for number in range(IMAGES // 2):
            await fills.push_image(place, name, Tag(f"v{number:02d}"), f"{name} {number}")
            await fills.push_image(place, name, Tag(f"v{number:02d}-rc"), f"{name} {number}")
    document = {"text": POLICY}
    await place.house.policies.put(PROJECT, retention.KIND, document, ALICE)
    return await place.enqueue(_job(retention.KIND, project=PROJECT))


async def _check_retention(place: Place) -> None:
    gone = [raw for name in NAMES for raw in _texts(name, IMAGES // 2)[:-KEPT]]
    assert await fills.told(place, MANIFEST_DELETED, "digest") == fills.digests(gone)
    assert await fills.trashed(place) == fills.digests(gone)
    for name in NAMES:
        stay = _texts(name, IMAGES // 2)[-KEPT:]
        assert sorted(row.digest for row in await fills.live(place, name)) == fills.digests(stay)
        assert len(await fills.tags(place, name)) == KEPT
        for tag, moves in (await fills.moves(place, name)).items():
            there = tag in await fills.tags(place, name)
            assert [move.after is None for move in moves] == [False, *([] if there else [True])]


# repository.delete, project.delete --------------------------------------------------------------


async def _prepare_repository(place: Place) -> int:
    await fills.push_all(place, APP, IMAGES)
    return await place.enqueue(_job(bulk.REPOSITORY_DELETE, repository=APP))


async def _prepare_project(place: Place) -> int:
    for name in NAMES:
        await fills.push_all(place, name, IMAGES // 3)
    return await place.enqueue(_job(bulk.PROJECT_DELETE, project=PROJECT))


async def _check_repository(place: Place) -> None:
    await _check_emptied(place, [APP], IMAGES)


async def _check_project(place: Place) -> None:
    await _check_emptied(place, NAMES, IMAGES // 3)


async def _check_emptied(place: Place, names: list[RepositoryName], count: int) -> None:
    entries = await fills.trash(place, "job:1")
    assert len(entries) == len(await fills.trash(place))
    manifests = await fills.trashed(place)
    assert len(manifests) == len(set(manifests)) == len(names) * (count + 2)
    assert await fills.told(place, MANIFEST_DELETED, "digest") == manifests
    tags = sorted(str(tag) for each in entries if each.kind == KIND_TAG for tag in each.tags)
    assert len(tags) == len(names) * (count + 1)
    assert await fills.told(place, TAG_DELETED, "tag") == tags
    for name in names:
        assert await fills.live(place, name) == []
        for moves in (await fills.moves(place, name)).values():
            assert [move.after is None for move in moves] == [False, True]


# trash.restore ----------------------------------------------------------------------------------


async def _prepare_restore(place: Place) -> int:
    manifests = await fills.push_all(place, APP, IMAGES)
    await fills.delete_all(place, APP, manifests, BATCH)
    return await place.enqueue(_job(bulk.TRASH_RESTORE, batch=BATCH))


async def _check_restore(place: Place) -> None:
    assert await fills.trash(place) == []
    restored = await fills.told(place, MANIFEST_RESTORED, "digest")
    assert len(set(restored)) == IMAGES + 2
    assert restored == sorted(row.digest for row in await fills.live(place, APP))
    found = await fills.moves(place, APP)
    assert len(found) == IMAGES + 1
    for tag, moves in found.items():
        then = moves[0].after
        assert [move.after for move in moves] == [then, None, then]
        assert (await fills.tags(place, APP))[tag] == then


# trash.purge ------------------------------------------------------------------------------------


async def _prepare_purge(place: Place) -> int:
    """Leave the children of an index and the signatures of images behind."""
    images = [
        await fills.push_image(place, APP, Tag(f"v{number:02d}"), f"{APP} {number}")
        for number in range(IMAGES)
    ]
    children = [
        await fills.push_image(place, APP, None, f"child {number}") for number in range(CHILDREN)
    ]
    whole = await fills.push_index(place, APP, Tag("whole"), children)
    for number in range(SIGNATURES):
        await fills.sign(place, APP, images[number], f"signature {number}")
    await fills.delete_all(place, APP, [whole, *images])
    return await place.enqueue(_job(bulk.TRASH_PURGE))


async def _check_purge(place: Place) -> None:
    purged = await fills.told(place, TRASH_PURGED, "digest")
    deleted = await fills.told(place, MANIFEST_DELETED, "digest")
    behind = await fills.trashed(place)
    assert len(purged) == len(set(purged)) == IMAGES + 1
    assert len(behind) == len(set(behind)) == CHILDREN + SIGNATURES
    assert sorted([*purged, *behind]) == deleted
    assert await fills.live(place, APP) == []


# history.rollback -------------------------------------------------------------------------------


async def _prepare_rollback(place: Place) -> int:
    """Move tags, throw what they were at away for some, and set new ones; then back from it."""
    tags = [Tag(f"v{number:02d}") for number in range(MOVED)]
    before = [await fills.push_image(place, APP, tag, f"{APP} {tag} then") for tag in tags]
    moment = place.clock.now()
    for tag in tags:
        await fills.push_image(place, APP, tag, f"{APP} {tag} now")
    for number in range(NEW):
        await fills.push_image(place, APP, Tag(f"new{number:02d}"), f"{APP} new {number}")
    await fills.delete_all(place, APP, before[:RESTORED])
    service = place.house.upkeep.rollback
    job_id = await service.enqueue(await service.ask(Scope(PROJECT, APP), moment), ALICE)
    assert job_id is not None
    return job_id


async def _check_rollback(place: Place) -> None:
    then = {
        f"v{number:02d}": Digest.of(image([f"{APP} v{number:02d} then".encode()]))
        for number in range(MOVED)
    }
    assert await fills.tags(place, APP) == then
    for tag, moves in (await fills.moves(place, APP)).items():
        # Here, there and here again; new ones came and went.
        assert len(moves) == (3 if tag in then else 2)
        assert moves[-1].after == then.get(tag)
    restored = await fills.told(place, MANIFEST_RESTORED, "digest")
    assert restored == sorted([*then.values()][:RESTORED])
    assert await fills.told(place, TAG_MOVED, "digest") == sorted(then.values())
    assert await fills.told(place, TAG_DELETED, "tag") == [f"new{n:02d}" for n in range(NEW)]
    trashed = [entry.kind for entry in await fills.trash(place)]
    assert trashed == [KIND_TAG] * NEW


LIFECYCLE = {
    retention.KIND: Kind(_prepare_retention, ours(retention.KIND), _check_retention),
    bulk.REPOSITORY_DELETE: Kind(
        _prepare_repository, ours(bulk.REPOSITORY_DELETE), _check_repository
    ),
    bulk.PROJECT_DELETE: Kind(_prepare_project, ours(bulk.PROJECT_DELETE), _check_project),
    bulk.TRASH_RESTORE: Kind(_prepare_restore, ours(bulk.TRASH_RESTORE), _check_restore),
    bulk.TRASH_PURGE: Kind(_prepare_purge, ours(bulk.TRASH_PURGE), _check_purge),
    rollback.JOB_KIND: Kind(_prepare_rollback, ours(rollback.JOB_KIND), _check_rollback),
}
