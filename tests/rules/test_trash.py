"""How long the trash keeps, and what a restore gives back."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.rules.trash import DAY_SECONDS, is_due, purge_at, restore

DIGESTS = [Digest.of(bytes([n])) for n in range(3)]
OLD, NEW = DIGESTS[:2]
TAGS = st.sampled_from([Tag("v1"), Tag("v2"), Tag("latest")])
TIMES = st.floats(min_value=0, max_value=1e10)


@given(TIMES, st.floats(min_value=0, max_value=1000), TIMES)
def test_nothing_is_due_before_its_time(deleted_at: float, days: float, now: float) -> None:
    at = purge_at(deleted_at, days)
    assert at >= deleted_at
    assert is_due(at, now) == (now >= at)
    assert not is_due(at, at - 1)


def test_two_weeks_unless_told_otherwise() -> None:
    assert purge_at(0.0) == 14 * DAY_SECONDS
    assert purge_at(5.0, 0) == 5.0
    assert purge_at(5.0, -1) == 5.0


def test_a_tag_taken_meanwhile_stays_and_is_told_of() -> None:
    tags = [Tag("v1"), Tag("v2"), Tag("v3")]
    restored = restore(OLD, tags, {Tag("v2"): NEW, Tag("v3"): OLD})
    assert (restored.free, restored.kept, restored.there) == (("v1",), ("v2",), ("v3",))
    assert restored.report == (
        "tag 'v2' points elsewhere by now and was left so: move it by hand if you want to",
    )


@given(st.sampled_from(DIGESTS), st.lists(TAGS), st.dictionaries(TAGS, st.sampled_from(DIGESTS)))
def test_a_restore_moves_no_tag_and_may_run_twice(
    digest: Digest, had: list[Tag], current: dict[Tag, Digest]
) -> None:
    restored = restore(digest, had, current)
    assert sorted(restored.free + restored.kept + restored.there) == sorted(set(had))
    assert not set(restored.free) & current.keys()
    after = {**dict.fromkeys(restored.free, digest), **current}
    again = restore(digest, had, after)
    assert again.free == ()
    assert again.kept == restored.kept
