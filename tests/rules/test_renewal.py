"""Renewing in time, and trying again without being a nuisance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.renewal import (
    RETRY_FIRST_SECONDS,
    RETRY_MAX_SECONDS,
    renew_at,
    rest_seconds,
    retry_seconds,
)

DAY = 86400.0
chances = st.floats(0, 1)
times = st.floats(0, 1e10)


def test_at_two_thirds_of_the_lifetime_or_a_little_sooner() -> None:
    assert renew_at(0, 90 * DAY, chance=0) == pytest.approx(60 * DAY)
    assert renew_at(0, 90 * DAY, chance=1) == pytest.approx(55.5 * DAY)


def test_where_the_authority_suggests_it() -> None:
    window = (10 * DAY, 12 * DAY)
    assert renew_at(0, 90 * DAY, chance=0, window=window) == 10 * DAY
    assert renew_at(0, 90 * DAY, chance=0.5, window=window) == 11 * DAY


def test_a_window_in_the_past_does_not_order_a_new_one_again_and_again() -> None:
    assert renew_at(100 * DAY, 190 * DAY, chance=0, window=(1.0, 2.0)) == 109 * DAY


@given(times, st.floats(1, 1e9), times, st.floats(1, 1e9), chances)
def test_always_while_it_is_good(
    starts: float, lifetime: float, first: float, length: float, chance: float
) -> None:
    ends = starts + lifetime
    for window in (None, (first, first + length)):
        assert starts <= renew_at(starts, ends, chance=chance, window=window) <= ends


def test_longer_each_time() -> None:
    waits = [retry_seconds(failures, chance=0) for failures in range(1, 8)]
    assert waits[:3] == [60, 240, 960]
    assert waits == sorted(waits)
    assert waits[-1] == RETRY_MAX_SECONDS


@given(st.integers(0, 10**6), chances, st.floats(0, DAY))
def test_never_sooner_than_asked_for(failures: int, chance: float, asked: float) -> None:
    wait = retry_seconds(failures, chance=chance, asked_seconds=asked)
    assert max(asked, RETRY_FIRST_SECONDS) <= wait <= max(asked, RETRY_MAX_SECONDS) * 1.25


def test_one_that_comes_near_its_end_is_used_for_half_of_the_rest() -> None:
    assert rest_seconds(1300, 1000, 3600) == 150
    assert rest_seconds(90 * DAY, 0, 3600) == 3600
    assert rest_seconds(0, 1000, 3600) == 0
