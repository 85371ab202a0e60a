"""Notices: what an event says, whole without the catalog."""

from hypothesis import given

from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.notice import FACT_MAX, Notice, from_text, notice_of, to_text
from tests.rules.notifications.notices import DIGEST, PUSHED, any_notice


@given(any_notice)
def test_what_is_kept_is_read_again(notice: Notice) -> None:
    assert from_text(to_text(notice)) == notice


def test_an_event_of_a_push() -> None:
    payload = {
        "actor": "alice",
        "client": "docker/28",
        "digest": DIGEST,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "size": 418,
        "tags": ["1.2"],
    }
    made = notice_of(42, kinds.PUBLISHED, "library/app", payload, 1_755_860_400.25)
    assert made == PUSHED
    assert made.about == "library/app:1.2"


def test_events_of_projects_of_the_registry_and_of_a_deleted_tag() -> None:
    policy = {"project": "acme", "kind": "naming", "document": "x" * (FACT_MAX + 1)}
    made = notice_of(1, kinds.POLICY_CHANGED, "acme", policy, 1.0)
    assert (made.project, made.repository, made.about) == ("acme", "", "acme")
    assert made.facts == {"project": "acme", "kind": "naming"}, "a long document is left out"
    assert notice_of(2, kinds.QUOTA_CHANGED, "", {"name": "bob"}, 1.0).about == "the registry"
    gone = notice_of(3, kinds.TAG_DELETED, "acme/web", {"tag": "v1", "digest": DIGEST}, 1.0)
    assert (gone.tags, gone.facts) == (("v1",), {})
    assert notice_of(4, kinds.DELETED, "acme/web", {"digest": DIGEST}, 1.0).about.endswith(DIGEST)
