"""Harbor's payloads, as what reads Harbor's webhooks expects them."""

import msgspec
from hypothesis import given

from entrepot.oci.json import encode
from entrepot.rules.notifications import harbor, kinds
from entrepot.rules.notifications.notice import Notice
from tests.rules.notifications.notices import DIGEST, PUSHED, SITE, TO, any_notice


def test_a_push_by_default() -> None:
    assert harbor.default(PUSHED, SITE, TO) == {
        "type": "PUSH_ARTIFACT",
        "occur_at": 1755860400,
        "operator": "alice",
        "event_data": {
            "resources": [
                {
                    "digest": DIGEST,
                    "tag": "1.2",
                    "resource_url": "registry.example.com/library/app:1.2",
                }
            ],
            "repository": {
                "name": "app",
                "namespace": "library",
                "repo_full_name": "library/app",
                "repo_type": "private",
            },
        },
    }


def test_by_digest_the_tag_is_the_digest() -> None:
    pulled = msgspec.structs.replace(PUSHED, kind=kinds.PULLED, tags=(), public=True)
    told = harbor.default(pulled, SITE, TO)
    assert told["type"] == "PULL_ARTIFACT"
    assert told["event_data"]["resources"][0]["tag"] == DIGEST
    assert told["event_data"]["repository"]["repo_type"] == "public"


def test_cloudevents() -> None:
    told = harbor.cloud(PUSHED, SITE, TO)
    assert told["type"] == "harbor.artifact.pushed"
    assert told["source"] == "/projects/library/webhook/policies/7"
    assert told["data"] == harbor.event_data(PUSHED, SITE)
    assert (told["specversion"], told["operator"], told["id"]) == ("1.0", "alice", "7-42")


def test_quotas_say_their_sentence_and_retention_its_totals() -> None:
    full = Notice(1, kinds.QUOTA_EXCEEDED, 1.0, project="acme", facts={"text": "too much"})
    told = harbor.default(full, SITE, TO)
    assert told["type"] == "QUOTA_EXCEED"
    assert told["event_data"]["custom_attributes"] == {"Details": "too much"}
    facts = {"deleted": 3, "kept": 4, "untagged": 1}
    ran = Notice(1, kinds.RETENTION_FINISHED, 1.0, project="acme", facts=facts)
    retention = harbor.default(ran, SITE, TO)["event_data"]["retention"]
    assert (retention["total"], retention["retained"]) == (7, 4)
    assert retention["project_name"] == "acme"


def test_types_are_each_of_one_kind_and_ours_are_no_lie() -> None:
    ours = [kind for several in harbor.KINDS_OF.values() for kind in several]
    assert len(ours) == len(set(ours))
    assert set(ours) < set(kinds.KINDS)
    assert harbor.type_of(kinds.TAG_DELETED) == "TAG_DELETED"


@given(any_notice)
def test_every_notice_can_be_written(notice: Notice) -> None:
    for render in (harbor.default, harbor.cloud):
        assert msgspec.json.decode(encode(render(notice, SITE, TO)))
