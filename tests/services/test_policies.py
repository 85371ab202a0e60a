"""Policies: kept as documents, checked when put, told in events."""

import msgspec
import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.reference import Tag
from entrepot.services import policies
from entrepot.services.policies import (
    ALIASES,
    DOCUMENT_MAX_BYTES,
    IMMUTABILITY,
    KINDS,
    NAMING,
    NONE,
    PARSED_MAX,
    PolicyService,
)
from tests.services.house import ALICE, APP, House

DOCUMENTS: dict[str, object] = {
    "aliases": {"minor": True},
    "environment": {"environment": "production"},
    "immutability": [{"tag": "v*"}],
    "naming": {"templates": ["v<version>"]},
    "options": {"scan_on_push": True, "severity": "high"},
    "retention": {"text": 'keep n: 3 where tag ~ "v*"'},
}
WRONG: dict[str, object] = {
    "aliases": {"patch": True},
    "environment": {},
    "immutability": {"tag": "v*"},
    "naming": {"templates": ["<nothing>"]},
    "options": {"severity": "worst"},
    "retention": {"text": "keep everything"},
}
A, B = Digest.of(b"a"), Digest.of(b"b")


def service(house: House) -> PolicyService:
    return PolicyService(house.catalog, house.clock)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_is_kept_and_refused_if_it_makes_no_sense(house: House, kind: str) -> None:
    made = service(house)
    row = await made.put("acme", kind, DOCUMENTS[kind], ALICE)
    assert await made.get("acme", kind) == row
    assert msgspec.json.decode(row.document) == DOCUMENTS[kind]
    with pytest.raises(Fault) as refused:
        await made.put("acme", kind, WRONG[kind], ALICE)
    assert refused.value.code is Code.REQUEST_INVALID
    assert await made.all("acme") == [row]
    async with house.catalog.begin() as tx:
        assert getattr(await made.of(tx, "acme"), kind)
        assert await made.of(tx, "other") == NONE


async def test_i9_a_change_is_one_event_and_no_change_is_none(house: House) -> None:
    made = service(house)
    for document in ({"minor": True}, {"minor": True}, {"major": True}):
        await made.put("acme", ALIASES, document, ALICE)
    await made.remove("acme", ALIASES, ALICE)
    with pytest.raises(Fault) as refused:
        await made.remove("acme", ALIASES, ALICE)
    assert refused.value.code is Code.NOT_FOUND
    async with house.catalog.begin() as tx:
        events = await tx.outbox.after(0, 10)
    assert [event.kind for event in events] == ["policy.changed"] * 2 + ["policy.removed"]
    assert msgspec.json.decode(events[0].payload) == {
        "actor": "alice",
        "client": "docker/28",
        "project": "acme",
        "kind": "aliases",
        "document": '{"minor":true}',
    }


@pytest.mark.parametrize("project", ["", "a/b", "Acme", "a b", "x" * 300])
async def test_what_is_no_project_has_no_policies(house: House, project: str) -> None:
    with pytest.raises(Fault) as refused:
        await service(house).put(project, ALIASES, {}, ALICE)
    assert refused.value.code is Code.NAME_INVALID


async def test_an_unknown_kind_and_a_long_document_are_refused(house: House) -> None:
    made = service(house)
    with pytest.raises(Fault) as refused:
        await made.get("acme", "charm")
    assert refused.value.code is Code.NOT_FOUND
    long = [{"tag": "v" * DOCUMENT_MAX_BYTES}]
    with pytest.raises(Fault) as refused:
        await made.put("acme", IMMUTABILITY, long, ALICE)
    assert refused.value.code is Code.REQUEST_INVALID


async def test_i8_the_guard_says_what_may_neither_move_nor_go(house: House) -> None:
    made = service(house)
    await made.put(APP.project, IMMUTABILITY, [{"tag": "v*"}], ALICE)
    v1, main = Tag("v1"), Tag("main")
    async with house.catalog.begin() as tx:
        assert await made.guard(tx, APP, v1, A, B)
        assert await made.guard(tx, APP, v1, A, None)
        for allowed in ((v1, None, A), (v1, A, A), (main, A, B), (None, A, None)):
            assert await made.guard(tx, APP, *allowed) is None


async def test_meanings_are_remembered_in_bounds_and_never_stale(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = service(house)
    read: list[object] = []
    parse = KINDS[NAMING]

    def counted(document: object) -> object:
        read.append(document)
        return parse(document)

    monkeypatch.setitem(policies.KINDS, NAMING, counted)
    for number in range(PARSED_MAX + 1):
        await made.put("acme", NAMING, {"templates": [f"v{number}"]}, ALICE)
        async with house.catalog.begin() as tx:
            for _ in range(2):
                naming = (await made.of(tx, "acme")).naming
                assert naming is not None
                assert naming.templates[0].text == f"v{number}"
    # Once when it was put, once when it was asked for first.
    assert len(read) == 2 * (PARSED_MAX + 1)
    assert len(made._parsed) == PARSED_MAX


async def test_a_retention_policy_brings_its_schedule(house: House) -> None:
    policies = PolicyService(house.catalog, house.clock)
    document = {"text": "keep 30d", "schedule": "0 3 * * *"}

    async def schedules() -> list[tuple[str, str, str, bool]]:
        async with house.catalog.begin() as tx:
            found = await tx.schedules.page("", 10)
        return [(one.name, one.kind, one.cron, one.next_at > house.clock.now()) for one in found]

    await policies.put("acme", "retention", document, ALICE)
    assert await schedules() == [("retention.acme", "retention", "0 3 * * *", True)]
    await policies.put("acme", "retention", {"text": "keep 30d"}, ALICE)
    assert await schedules() == []
    await policies.put("acme", "retention", document, ALICE)
    await policies.remove("acme", "retention", ALICE)
    assert await schedules() == []


async def test_a_document_made_of_another_one_is_not_kept(house: House) -> None:
    service = PolicyService(house.catalog, house.clock)
    first = await service.put("acme", IMMUTABILITY, [{"tag": "v*"}], ALICE, seen="")
    with pytest.raises(Fault) as refused:
        await service.put("acme", IMMUTABILITY, [{"tag": "x*"}], ALICE, seen="")
    assert refused.value.code is Code.CONFLICT
    await service.put("acme", IMMUTABILITY, [{"tag": "x*"}], ALICE, seen=first.document)
    assert "x*" in (await service.get("acme", IMMUTABILITY)).document
