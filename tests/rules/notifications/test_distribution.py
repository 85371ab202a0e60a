"""The distribution project's envelope."""

import msgspec
from hypothesis import given

from entrepot.oci.json import encode
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.distribution import payload
from entrepot.rules.notifications.notice import Notice
from tests.rules.notifications.notices import DIGEST, PUSHED, SITE, TO, any_notice


def test_a_push_is_an_event_for_each_tag() -> None:
    two = msgspec.structs.replace(PUSHED, tags=("1", "2"))
    first, second = payload(two, SITE, TO)["events"]
    assert first["id"] != second["id"]
    assert first["action"] == "push"
    assert [one["target"]["tag"] for one in (first, second)] == ["1", "2"]
    assert first["target"] == {
        "repository": "library/app",
        "digest": DIGEST,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "size": 418,
        "length": 418,
        "url": f"https://registry.example.com/v2/library/app/manifests/{DIGEST}",
        "tag": "1",
    }
    assert first["actor"] == {"name": "alice"}
    assert first["request"]["useragent"] == "docker/28"


def test_deletions_by_digest_and_by_tag() -> None:
    (gone,) = payload(msgspec.structs.replace(PUSHED, kind=kinds.DELETED), SITE, TO)["events"]
    assert (gone["action"], gone["target"]["digest"]) == ("delete", DIGEST)
    assert "tag" not in gone["target"]
    tag = msgspec.structs.replace(PUSHED, kind=kinds.TAG_DELETED)
    (untagged,) = payload(tag, SITE, TO)["events"]
    assert untagged["target"]["tag"] == "1.2"
    assert "digest" not in untagged["target"]


@given(any_notice)
def test_every_notice_can_be_written(notice: Notice) -> None:
    told = msgspec.json.decode(encode(payload(notice, SITE, TO)))
    assert all(one["action"] in ("push", "pull", "delete") for one in told["events"])
