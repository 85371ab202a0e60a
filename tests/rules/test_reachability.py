"""What a deletion frees, and what a purge leaves behind."""

import random

from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.rules.reachability import (
    Leftover,
    Neighbour,
    Reason,
    Target,
    freed,
    left_behind,
    targets_of,
)

DIGESTS = [Digest.of(bytes([n])) for n in range(6)]
A, B, C, D = DIGESTS[:4]
SIZES = {digest: 10**n for n, digest in enumerate(DIGESTS)}
HOLDERS = st.dictionaries(
    st.sampled_from(DIGESTS), st.frozensets(st.integers(0, 4), min_size=1, max_size=4)
)
SETS = st.frozensets(st.integers(0, 4))
TARGETS = st.lists(
    st.builds(
        Target,
        st.sampled_from(DIGESTS),
        st.integers(0, 100),
        st.integers(1, 3),
        st.integers(0, 2),
        st.integers(0, 2),
    )
)
NEIGHBOURS = st.lists(
    st.builds(
        Neighbour,
        st.sampled_from(DIGESTS),
        st.booleans(),
        st.frozensets(st.sampled_from(DIGESTS), max_size=3),
        st.none() | st.sampled_from(DIGESTS),
        st.booleans(),
    ),
    unique_by=lambda neighbour: neighbour.digest,
)
PURGED = st.frozensets(st.sampled_from(DIGESTS))


def test_shared_bytes_stay() -> None:
    sum_ = freed([Target(A, 5), Target(B, 7, outside=2), Target(C, 9, trashed=1)])
    assert (sum_.unique_bytes, sum_.shared_bytes) == (5, 16)
    reasons = {target.digest: target.reason for target in sum_.targets}
    assert reasons == {A: Reason.UNIQUE, B: Reason.SHARED, C: Reason.TRASH}


@given(TARGETS, st.randoms(use_true_random=False))
def test_each_digest_counts_once_in_any_order(targets: list[Target], chance: random.Random) -> None:
    sum_ = freed(targets)
    shuffled = [*targets, *targets[:2]]
    chance.shuffle(shuffled)
    assert freed(shuffled) == sum_
    assert len({target.digest for target in sum_.targets}) == len(sum_.targets)
    assert sum_.unique_bytes + sum_.shared_bytes == sum(target.size for target in sum_.targets)


@given(HOLDERS, SETS, SETS)
def test_a_larger_set_frees_at_least_as_much(
    holders: dict[Digest, frozenset[int]], one: frozenset[int], two: frozenset[int]
) -> None:
    small = freed(targets_of(holders, SIZES, one))
    large = freed(targets_of(holders, SIZES, one | two))
    assert small.unique_bytes <= large.unique_bytes
    expected = sum(SIZES[digest] for digest, by in holders.items() if by <= one)
    assert small.unique_bytes == expected


@given(HOLDERS)
def test_deleting_all_frees_all_and_deleting_nothing_frees_nothing(
    holders: dict[Digest, frozenset[int]],
) -> None:
    everything = freed(targets_of(holders, SIZES, range(5)))
    assert everything.unique_bytes == sum(SIZES[digest] for digest in holders)
    assert everything.shared_bytes == 0
    assert freed(targets_of(holders, SIZES, [])).targets == ()


def test_a_purge_leaves_untagged_children_and_referrers() -> None:
    child, referrer = Neighbour(B, parents=frozenset({A})), Neighbour(C, subject=A)
    expected = {B: Leftover.CHILD, C: Leftover.REFERRER}
    assert left_behind([A], [child, referrer]) == expected


def test_what_something_needs_stays() -> None:
    parents = frozenset({A})
    for kept in (
        Neighbour(B, tagged=True, parents=parents),
        Neighbour(B, parents=frozenset({A, D})),
        Neighbour(B, parents=parents, subject=D, subject_there=True),
        Neighbour(B, subject=D, subject_there=True),
        Neighbour(B, subject=A, parents=frozenset({D})),
        Neighbour(B, subject=D),
        Neighbour(B),
        Neighbour(A, parents=parents),
    ):
        assert left_behind([A], [kept]) == {}
    gone_too = Neighbour(B, parents=parents, subject=D)
    assert left_behind([A], [gone_too]) == {B: Leftover.CHILD}


@given(PURGED, PURGED, NEIGHBOURS)
def test_a_larger_purge_leaves_at_least_as_much(
    one: frozenset[Digest], two: frozenset[Digest], neighbours: list[Neighbour]
) -> None:
    small = left_behind(one, neighbours)
    large = left_behind(one | two, neighbours)
    assert small.keys() - two <= large.keys()
    tagged = {neighbour.digest for neighbour in neighbours if neighbour.tagged}
    assert not (tagged | one) & small.keys()
    assert left_behind(one, neighbours[::-1]) == small
