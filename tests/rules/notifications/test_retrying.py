"""When a delivery is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.notifications.retrying import (
    Patience,
    is_over,
    is_refusal,
    retry_after,
    wait_seconds,
)

PATIENCE = Patience()


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_waits_are_bounded_and_grow(failures: int, chance: float) -> None:
    wait = wait_seconds(PATIENCE, failures, chance)
    assert 0 <= wait <= min(2.0 ** min(failures - 1, 60), PATIENCE.most_seconds)
    assert wait_seconds(PATIENCE, failures + 1, chance) >= wait


def test_it_is_given_up_after_attempts_age_or_a_clear_word() -> None:
    def over(attempts: int = 1, age: float = 0.0, status: int | None = 503) -> bool:
        return is_over(PATIENCE, attempts=attempts, age_seconds=age, status=status)

    assert not over()
    assert over(attempts=PATIENCE.attempts_max)
    assert over(age=PATIENCE.age_max_seconds)
    assert over(status=410)
    assert not over(attempts=PATIENCE.refused_max)
    assert over(attempts=PATIENCE.refused_max, status=404)
    assert not over(attempts=PATIENCE.refused_max, status=429)
    assert not over(status=None)


def test_what_blames_the_request() -> None:
    assert is_refusal(400)
    assert not is_refusal(408)
    assert not is_refusal(500)
    assert not is_refusal(302)
    assert not is_refusal(None)


def test_retry_after_in_seconds_alone_and_bounded() -> None:
    assert retry_after("120", PATIENCE) == 120.0
    assert retry_after("999999999", PATIENCE) == PATIENCE.most_seconds
    for text in ("", "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "9" * 40, "１２"):
        assert retry_after(text, PATIENCE) is None
