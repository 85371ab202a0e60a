"""Where tags were, and what takes them back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.history import Action, Change, Fact, Standing, Step, change, step, wants_step

APP = RepositoryName("library/app")
V1 = Tag("v1")
ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
HERE, TRASH, GONE = Standing.HERE, Standing.TRASH, Standing.GONE

digests = st.sampled_from([None, ONE, TWO])


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    then = draw(digests)
    standing = draw(st.sampled_from(Standing)) if then else GONE
    return Fact(V1, then, standing, draw(digests), draw(st.integers(1, 9)), 1.0)


@pytest.mark.parametrize(
    "then, standing, current, action",
    [
        (ONE, HERE, TWO, Action.MOVE),
        (ONE, HERE, None, Action.MOVE),
        (ONE, TRASH, TWO, Action.RESTORE),
        (ONE, TRASH, None, Action.RESTORE),
        (None, GONE, TWO, Action.REMOVE),
    ],
)
def test_what_takes_a_tag_back(
    then: Digest | None, standing: Standing, current: Digest | None, action: Action
) -> None:
    made = step(APP, Fact(V1, then, standing, current, 7, 1.0), 7, "")
    assert made == Step(APP, V1, current, then, action)
    assert made.possible


def test_a_purged_manifest_is_no_target() -> None:
    made = step(APP, Fact(V1, ONE, GONE, TWO, 7, 1.0), 7, "")
    assert made is not None
    assert not made.possible
    assert "purged: push it again" in made.refusal
    assert (made.before, made.after) == (TWO, ONE)


def test_what_others_moved_since_is_theirs() -> None:
    fact = Fact(V1, ONE, HERE, TWO, 8, 1.0)
    late = step(APP, fact, 7, "")
    assert late is not None
    assert "moved after this rollback was asked for" in late.refusal
    same = step(APP, fact, 8, "")
    assert same is not None
    assert same.possible


def test_what_is_forbidden_is_said() -> None:
    made = step(APP, Fact(V1, ONE, HERE, TWO, 7, 1.0), 7, "immutable")
    assert made is not None
    assert made.refusal == "immutable"
    assert made.refused("again") == made


def test_a_reason_can_come_later() -> None:
    made = Step(APP, V1, TWO, ONE, Action.RESTORE)
    assert made.refused("") == made
    assert made.refused("no room") == replace(made, refusal="no room")


@given(facts(), st.integers(1, 9), st.sampled_from(["", "immutable"]))
def test_a_step_is_wanted_exactly_where_a_tag_is_elsewhere(
    fact: Fact, through: int, forbidden: str
) -> None:
    made = step(APP, fact, through, forbidden)
    assert (made is None) == (fact.then == fact.current) == (not wants_step(fact))
    if made is not None and made.possible:
        assert not forbidden
        assert fact.newest <= through
        assert fact.then is None or fact.standing is not GONE
        assert step(APP, replace(fact, current=made.after), through, "") is None


@pytest.mark.parametrize(
    "before, after, kind",
    [(None, ONE, "added"), (ONE, None, "removed"), (ONE, TWO, "moved")],
)
def test_changes(before: Digest | None, after: Digest | None, kind: str) -> None:
    earlier = Fact(V1, before, HERE, None, 7, 1.0)
    later = Fact(V1, after, HERE, None, 7, 2.0)
    made = change(earlier, later)
    assert made == Change(V1, before, after)
    assert made.kind == kind
    assert change(earlier, earlier) is None
