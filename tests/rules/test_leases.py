"""Leases: what may be condemned, and what may live."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.rules.leases import (
    BlobRow,
    BlobState,
    Grace,
    has_bytes,
    may_condemn,
    may_go_live,
    may_unlink,
    needs_generation,
)

TIMES = st.floats(min_value=0, max_value=1e10)
ROWS = st.builds(
    BlobRow,
    digest=st.just(Digest.of(b"x")),
    generation=st.integers(1, 5),
    state=st.sampled_from(BlobState),
    size=st.just(1),
    keep_until=TIMES,
)


@given(ROWS, st.booleans(), TIMES, st.floats(min_value=0.1, max_value=1e6))
def test_i11_a_lease_taken_now_is_not_condemned_within_the_grace_time(
    row: BlobRow, referenced: bool, now: float, seconds: float
) -> None:
    grace = Grace(seconds)
    leased = BlobRow(row.digest, row.generation, row.state, row.size, grace.until(now))
    assert not may_condemn(leased, referenced=referenced, now=now + seconds)


@given(ROWS, TIMES)
def test_what_an_edge_holds_is_never_condemned(row: BlobRow, now: float) -> None:
    assert not may_condemn(row, referenced=True, now=now)


@given(ROWS, TIMES, st.floats(min_value=0.1, max_value=1e6))
def test_a_lease_that_is_not_short_covers_the_promise(
    row: BlobRow, now: float, seconds: float
) -> None:
    if not Grace(seconds).is_short(row, now):
        assert not may_condemn(row, referenced=False, now=now + seconds * 0.999)


@given(ROWS, st.integers(1, 5))
def test_a_condemned_row_never_lives_again(row: BlobRow, generation: int) -> None:
    lives = may_go_live(row, generation)
    assert lives == (row.generation == generation and row.state is not BlobState.CONDEMNED)
    assert needs_generation(row) == (row.state is BlobState.CONDEMNED)


def test_no_row_has_no_bytes_and_needs_a_generation() -> None:
    assert not has_bytes(None)
    assert needs_generation(None)
    assert not may_go_live(None, 1)


@given(ROWS)
def test_only_a_live_row_has_bytes(row: BlobRow) -> None:
    assert has_bytes(row) == (row.state is BlobState.LIVE)


@given(ROWS, st.booleans(), TIMES)
def test_i11_a_link_outlasts_the_lease_only_where_a_manifest_holds(
    row: BlobRow, held: bool, now: float
) -> None:
    assert may_unlink(row, held_here=held, now=now) == (not held and row.keep_until < now)
    assert not may_unlink(row, held_here=held, now=row.keep_until)
