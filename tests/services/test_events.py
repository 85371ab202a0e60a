"""A change is told once: to others by its event, to people by its audit line."""

import msgspec

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.services.context import Caller
from entrepot.services.events import POLICY_CHANGED, TAG_MOVED, Change, payload, tell
from tests.services.house import ALICE

NOW = 1000.0
NAME = RepositoryName("acme/app")


def test_a_payload_is_json_with_actor_and_facts() -> None:
    text = payload(ALICE, digest=Digest.of(b"x"), tags=[Tag("v1")], size=3)
    assert msgspec.json.decode(text) == {
        "actor": "alice",
        "client": "docker/28",
        "digest": str(Digest.of(b"x")),
        "tags": ["v1"],
        "size": 3,
    }


async def test_a_change_has_one_event_and_one_line() -> None:
    catalog = await open_catalog("sqlite://")
    caller = Caller("alice", "docker/28", "192.0.2.7")
    facts = {"digest": Digest.of(b"x"), "tags": [Tag("v1")]}
    async with catalog.begin(write=True) as tx:
        await tell(tx, caller, Change(TAG_MOVED, NAME, NOW), facts)
        project = RepositoryName("acme")
        change = Change(POLICY_CHANGED, project, NOW, "policy:naming")
        await tell(tx, caller, change, {"document": "[]"})
    async with catalog.begin() as tx:
        events, lines = await tx.outbox.after(0, 9), await tx.audit.after(0, 9)
    await catalog.close()
    assert [(each.kind, each.repository, each.at) for each in events] == [
        (TAG_MOVED, "acme/app", NOW),
        (POLICY_CHANGED, "acme", NOW),
    ]
    assert events[0].payload == payload(caller, digest=Digest.of(b"x"), tags=[Tag("v1")])
    assert [(each.operation, each.project, each.resource) for each in lines] == [
        (TAG_MOVED, "acme", "acme/app:v1"),
        (POLICY_CHANGED, "acme", "policy:naming"),
    ]
    assert lines[0].address == "192.0.2.7"
    assert msgspec.json.decode(lines[0].detail) == {"digest": Digest.of(b"x"), "tags": ["v1"]}
