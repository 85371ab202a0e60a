"""Quotas: exactly what fits is taken (I7), and a refusal leaves nothing (I10)."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER
from entrepot.rules.quota import Limit
from entrepot.services.context import ANONYMOUS, Caller
from entrepot.services.fsck import check_catalog
from entrepot.services.push import Published, Pushed, PushService
from entrepot.services.quotas import QuotaService
from entrepot.services.uploads import Chunk
from tests.services.house import ALICE, APP, Bytes, House, anywhere, image, open_house

BOB = Caller("bob", "docker/28")
SIBLING = RepositoryName("library/web")
LAYER = b"x" * 100


def service(house: House, **options: Any) -> QuotaService:
    return QuotaService(house.catalog, house.clock, **options)


def size(*layers: bytes) -> int:
    """Return the bytes that an image is charged with."""
    return len(image([*layers])) + len(b"{}") + sum(map(len, layers))


async def limit(house: House, most: int | None, manifests: int | None = None) -> None:
    await service(house).set_limits(KIND_PROJECT, "library", Limit(most, manifests), ALICE)


async def push(
    house: House,
    tag: str,
    *layers: bytes,
    name: RepositoryName = APP,
    caller: Caller = ALICE,
    service: PushService | None = None,
) -> Published:
    for data in (b"{}", *layers):
        await house.add_blob(data, name)
    pushed = Pushed(image([*layers]), OCI_MANIFEST, Tag(tag))
    return await (service or house.push).publish(name, pushed, caller)


async def used(house: House, kind: str = KIND_PROJECT, name: str = "library") -> tuple[int, int]:
    ledger = await service(house).find(kind, name)
    return ledger.used_bytes, ledger.manifests


async def test_i7_shared_layers_count_once_for_a_project(house: House) -> None:
    await push(house, "v1", LAYER)
    await push(house, "v1", LAYER, name=SIBLING)
    assert await used(house) == (size(LAYER), 2)
    assert await used(house, KIND_USER, "alice") == (size(LAYER), 2)
    assert await used(house, KIND_USER, "bob") == (0, 0)


async def test_i10_a_push_over_the_limit_is_refused_and_leaves_nothing(house: House) -> None:
    await limit(house, size(LAYER) + 50)
    await push(house, "v1", LAYER)
    async with house.catalog.begin() as tx:
        events = len(await tx.outbox.after(0, 100))
    with pytest.raises(Fault) as refused:
        await push(house, "v1", LAYER, b"another layer")
    assert refused.value.code is Code.DENIED
    added = size(LAYER, b"another layer") - size(LAYER) + len(image([LAYER]))
    assert refused.value.message.startswith(
        f"Quota exceeded when processing the request of adding {added} B of storage resource, "
    )
    assert await used(house) == (size(LAYER), 1)
    row, _ = await house.pull.manifest(APP, Tag("v1"))
    assert row.digest == Digest.of(image([LAYER]))
    with pytest.raises(Fault):
        await house.pull.manifest(APP, Digest.of(image([LAYER, b"another layer"])))
    async with house.catalog.begin() as tx:
        assert len(await tx.outbox.after(0, 100)) == events


async def test_what_fits_exactly_is_taken_and_deleting_makes_room(house: House) -> None:
    await limit(house, size(LAYER), 1)
    manifest = (await push(house, "v1", LAYER)).manifest
    with pytest.raises(Fault) as refused:
        await push(house, "v2")
    assert refused.value.code is Code.DENIED
    # What adds nothing passes in a full project too.
    assert (await push(house, "v2", LAYER)).moved == ("v2",)
    await house.deletion.delete(APP, manifest.digest, ALICE)
    assert await used(house) == (0, 0)
    await push(house, "v2")


async def test_a_limit_in_manifests_counts_those_of_all_repositories(house: House) -> None:
    await limit(house, None, 1)
    await push(house, "v1", LAYER)
    with pytest.raises(Fault) as refused:
        await push(house, "v1", LAYER, name=SIBLING)
    assert "adding 1 of count resource" in refused.value.message


async def test_a_user_may_be_limited_and_nobody_is_no_user(house: House) -> None:
    await service(house).set_limits(KIND_USER, "alice", Limit(10), ALICE)
    with pytest.raises(Fault) as refused:
        await push(house, "v1", LAYER)
    assert "user alice" in refused.value.message
    await push(house, "v1", LAYER, caller=BOB)
    await push(house, "v2", b"second", caller=ANONYMOUS)


async def test_a_new_project_gets_the_default_and_may_get_another(house: House) -> None:
    quotas = service(house, project_bytes=10)
    pushing = PushService(house.catalog, house.clock, blobs=house.blobs, quotas=quotas)
    assert (await quotas.room(APP, ALICE)).left_bytes == 10
    with pytest.raises(Fault):
        await push(house, "v1", LAYER, service=pushing)
    assert (await quotas.find(KIND_PROJECT, "library")).id == 0
    await quotas.set_limits(KIND_PROJECT, "library", Limit(), ALICE)
    await push(house, "v1", LAYER, service=pushing)
    assert (await quotas.room(APP, ALICE)).left_bytes is None


async def test_one_who_comes_near_is_warned(house: House) -> None:
    await limit(house, size(LAYER) + 10)
    (told,) = (await push(house, "v1", LAYER)).warnings
    assert told.startswith("project library uses ")
    assert (await push(house, "v1", LAYER)).warnings == ()


async def test_i9_a_limit_is_one_event(house: House) -> None:
    await limit(house, 100, 5)
    await limit(house, 100, 5)
    async with house.catalog.begin() as tx:
        (event,) = await tx.outbox.after(0, 10)
    assert (event.kind, event.repository) == ("quota.changed", "library")
    assert msgspec.json.decode(event.payload) == {
        "actor": "alice",
        "client": "docker/28",
        "kind": "project",
        "name": "library",
        "limitBytes": 100,
        "limitManifests": 5,
    }


@pytest.mark.parametrize(
    "kind, name, most, code",
    [
        ("team", "library", Limit(1), Code.NOT_FOUND),
        ("project", "A b", Limit(1), Code.NAME_INVALID),
        ("user", "", Limit(1), Code.NAME_INVALID),
        ("user", "bob", Limit(-1), Code.REQUEST_INVALID),
        ("user", "bob", Limit(None, 1 << 60), Code.REQUEST_INVALID),
    ],
)
async def test_what_cannot_be_a_quota_is_refused(
    house: House, kind: str, name: str, most: Limit, code: Code
) -> None:
    with pytest.raises(Fault) as refused:
        await service(house).set_limits(kind, name, most, ALICE)
    assert refused.value.code is code


async def test_bytes_are_refused_while_they_come_and_are_not_kept(house: House) -> None:
    await limit(house, 50)
    room = await service(house).room(APP, ALICE)
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"x" * 30), room=room))
    with pytest.raises(Fault) as refused:
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"x" * 30), room=room))
    assert refused.value.code is Code.DENIED
    with pytest.raises(Fault) as gone:
        await house.uploads.status(APP, upload_id)
    assert gone.value.code is Code.BLOB_UPLOAD_UNKNOWN
    assert not house.disk.files


async def test_a_mount_is_refused_only_where_a_quota_is_exceeded(house: House) -> None:
    await push(house, "v1", LAYER)
    digest = Digest.of(LAYER)
    for most, refuses in ((size(LAYER), False), (size(LAYER) - 1, True)):
        await limit(house, most)
        room = await service(house).room(SIBLING, ALICE)
        if refuses:
            with pytest.raises(Fault) as refused:
                await house.blobs.mount(SIBLING, digest, APP, anywhere, room=room)
            assert refused.value.code is Code.DENIED
        else:
            assert await house.blobs.mount(SIBLING, digest, APP, anywhere, room=room)


async def test_i7_of_pushes_at_once_exactly_those_that_fit_are_taken(house: House) -> None:
    layers = [bytes([65 + number]) * 100 for number in range(8)]
    await limit(house, len(b"{}") + 3 * (size(layers[0]) - len(b"{}")))
    for layer in (b"{}", *layers):
        await house.add_blob(layer)

    async def one(number: int) -> Code | None:
        pushed = Pushed(image([layers[number]]), OCI_MANIFEST, Tag(f"v{number}"))
        try:
            await house.push.publish(APP, pushed, ALICE)
        except Fault as fault:
            return fault.code
        return None

    ends = await asyncio.gather(*(one(number) for number in range(8)))
    assert sorted(ends, key=str) == [Code.DENIED] * 5 + [None] * 3
    assert (await used(house))[1] == 3


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["push", "push", "delete", "limit"]),
        st.sampled_from([APP, SIBLING, RepositoryName("acme/app")]),
        st.sets(st.sampled_from([b"one", b"second", b"third one"]), max_size=3),
        st.sampled_from([ALICE, BOB, ANONYMOUS]),
        st.integers(0, 4000),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
async def test_i7_ledgers_never_drift_nor_exceed(
    steps: list[tuple[str, RepositoryName, set[bytes], Caller, int]],
) -> None:
    async with open_house() as house:
        most: dict[str, int] = {}
        for action, name, layers, caller, number in steps:
            before, _ = await used(house, name=name.project)
            try:
                if action == "limit":
                    owner = (KIND_PROJECT, name.project)
                    await service(house).set_limits(*owner, Limit(number), caller)
                    most[name.project] = number
                elif action == "push":
                    await push(house, "v1", *sorted(layers), name=name, caller=caller)
                else:
                    await house.deletion.delete(name, Digest.of(image(sorted(layers))), caller)
            except Fault:
                pass
            after, _ = await used(house, name=name.project)
            assert after <= max(before, most.get(name.project, after))
            assert await check_catalog(house.catalog) == []
