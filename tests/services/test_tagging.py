"""Tags that a push moves: immutable ones, names, and aliases that follow."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Tx
from entrepot.services import tagging
from entrepot.services.deletion import DeletionService
from entrepot.services.policies import PolicyService, ProjectPolicies
from entrepot.services.push import Published, Pushed
from entrepot.services.tagging import Move, Target, alias_moves, find_leads
from entrepot.services.trash import TrashService
from tests.services.house import ALICE, APP, House, image, open_house

RULES = [{"tag": "v*"}]


async def put(house: House, kind: str, document: object) -> None:
    await PolicyService(house.catalog, house.clock).put(APP.project, kind, document, ALICE)


async def push(house: House, tag: str, text: str) -> Published:
    for data in (b"{}", text.encode()):
        await house.add_blob(data)
    pushed = Pushed(image([text.encode()]), OCI_MANIFEST, Tag(tag))
    return await house.push.publish(APP, pushed, ALICE)


async def stored(house: House) -> set[Digest]:
    return {blob.digest async for blob in house.store.scan()}


async def tags(house: House) -> dict[str, Digest]:
    async with house.catalog.begin() as tx:
        if await tx.repositories.find(APP) is None:
            return {}
    names = (await house.pull.tags(APP, "", 1000)).items
    return {name: (await house.pull.manifest(APP, Tag(name)))[0].digest for name in names}


async def test_i8_an_immutable_tag_takes_the_same_digest_and_no_other(house: House) -> None:
    await put(house, "immutability", RULES)
    first = await push(house, "v1", "one")
    assert (await push(house, "v1", "one")).moved == ()
    with pytest.raises(Fault) as refused:
        await push(house, "v1", "two")
    assert refused.value.code is Code.PRECONDITION
    assert "configured as immutable" in refused.value.message
    assert await tags(house) == {"v1": first.manifest.digest}
    assert Digest.of(image([b"two"])) not in await stored(house)


async def test_i8_one_immutable_tag_of_several_refuses_them_all(house: House) -> None:
    await put(house, "immutability", RULES)
    await push(house, "v1", "one")
    await house.add_blob(b"two")
    raw = image([b"two"])
    pushed = Pushed(raw, OCI_MANIFEST, Digest.of(raw), (Tag("main"), Tag("v1")))
    with pytest.raises(Fault):
        await house.push.publish(APP, pushed, ALICE)
    assert set(await tags(house)) == {"v1"}


async def test_a_name_is_refused_or_warned_of(house: House) -> None:
    await put(house, "naming", {"templates": ["v<version>"], "mode": "refuse"})
    with pytest.raises(Fault) as refused:
        await push(house, "oops", "one")
    assert refused.value.code is Code.TAG_INVALID
    await put(house, "naming", {"templates": ["v<version>"]})
    (told,) = (await push(house, "oops", "one")).warnings
    assert "v<version>" in told
    assert (await push(house, "v1.0.0", "one")).warnings == ()


async def test_latest_in_production_is_warned_of(house: House) -> None:
    await put(house, "environment", {"environment": "production"})
    (told,) = (await push(house, "latest", "one")).warnings
    assert "production" in told
    assert (await push(house, "v1", "one")).warnings == ()


async def test_i9_aliases_move_in_the_same_transaction_and_event(house: House) -> None:
    await put(house, "aliases", {"minor": True, "major": True, "latest": True})
    published = await push(house, "1.2.0", "one")
    assert published.moved == ("1.2.0", "1.2", "1", "latest")
    assert (await push(house, "1.2.0", "one")).moved == ()
    async with house.catalog.begin() as tx:
        events = [one for one in await tx.outbox.after(0, 10) if one.kind != "policy.changed"]
    (event,) = events
    assert event.kind == "manifest.published"
    payload = msgspec.json.decode(event.payload)
    assert payload["tags"] == ["1.2.0", "1.2", "1", "latest"]
    assert (payload["digest"], payload["mediaType"]) == (
        published.manifest.digest,
        OCI_MANIFEST,
    )
    assert payload["size"] == len(published.manifest.raw)


async def test_an_older_release_moves_only_what_it_leads(house: House) -> None:
    await put(house, "aliases", {"minor": True, "major": True, "latest": True})
    await push(house, "1.10.0", "one")
    assert (await push(house, "1.9.1", "two")).moved == ("1.9.1", "1.9")
    assert (await push(house, "2.0.0-rc.1", "three")).moved == ("2.0.0-rc.1",)
    assert (await push(house, "v0.1.0", "four")).moved == ("v0.1.0", "v0.1", "v0")


async def test_i8_an_alias_that_is_immutable_stays(house: House) -> None:
    await put(house, "aliases", {"minor": True, "major": True})
    first = await push(house, "1.0.0", "one")
    await put(house, "immutability", [{"tag": "1"}])
    assert (await push(house, "1.0.1", "two")).moved == ("1.0.1", "1.0")
    assert (await tags(house))["1"] == first.manifest.digest


async def test_a_higher_release_is_found_however_many_tags_there_are(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "TAGS_PAGE", 2)
    for number in (9, 10, 11, 2, 3):
        await push(house, f"1.{number}.0", str(number))
    for kind in ("aliases",):
        await put(house, kind, {"minor": True, "major": True, "latest": True})
    assert (await push(house, "1.4.0", "four")).moved == ("1.4.0", "1.4")
    assert (await push(house, "1.12.0", "twelve")).moved == ("1.12.0", "1.12", "1", "latest")


async def test_a_higher_release_that_comes_meanwhile_keeps_its_aliases(house: House) -> None:
    await put(house, "aliases", {"minor": True, "latest": True})
    await push(house, "1.0.0", "zero")
    policies = PolicyService(house.catalog, house.clock)

    async def of(tx: Tx) -> ProjectPolicies:
        return await policies.of(tx, APP.project)

    leads = await find_leads(house.catalog, house.clock, of, APP, [Tag("1.0.1")])
    assert [*leads.found[Tag("1.0.1")]] == ["1.0", "latest"]
    await push(house, "1.0.2", "two")
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        target = Target(APP, repository.id, Digest.of(b"one"))
        moves = [Move(Tag("1.0.1"), None)]
        assert await alias_moves(tx, await of(tx), target, moves, leads) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["push", "push", "delete", "delete digest", "restore"]),
        st.sampled_from(["v1", "v2", "1.0.0", "1.0.1", "1.0", "latest"]),
        st.sampled_from(["one", "two", "three"]),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
async def test_i8_an_immutable_tag_never_moves(steps: list[tuple[str, str, str]]) -> None:
    async with open_house() as house:
        policies = PolicyService(house.catalog, house.clock)
        guard = policies.guard
        deletion = DeletionService(
            house.catalog, house.clock, blobs=house.blobs, keep_days=1.0, guard=guard
        )
        trash = TrashService(house.catalog, house.clock, guard=guard)
        await put(house, "immutability", [{"tag": "v*"}, {"tag": "1.0"}])
        await put(house, "aliases", {"minor": True, "latest": True})
        fixed: dict[str, Digest] = {}
        for action, tag, text in steps:
            house.clock.seconds += 1.0
            try:
                if action == "push":
                    await push(house, tag, text)
                elif action == "delete":
                    await deletion.delete(APP, Tag(tag), ALICE)
                elif action == "delete digest":
                    await deletion.delete(APP, Digest.of(image([text.encode()])), ALICE)
                else:
                    await trash.restore([one.id for one in await trash.page()], ALICE)
            except Fault:
                pass
            now = await tags(house)
            assert {name: now.get(name) for name in fixed} == fixed
            fixed |= {name: now[name] for name in now if name.startswith("v") or name == "1.0"}
