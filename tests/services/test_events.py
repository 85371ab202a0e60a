"""Events carry who did it, with what, and plain JSON facts."""

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.services.events import payload
from tests.services.house import ALICE


def test_a_payload_is_json_with_actor_and_facts() -> None:
    text = payload(ALICE, digest=Digest.of(b"x"), tags=[Tag("v1")], size=3)
    assert msgspec.json.decode(text) == {
        "actor": "alice",
        "client": "docker/28",
        "digest": str(Digest.of(b"x")),
        "tags": ["v1"],
        "size": 3,
    }
