"""Wrong passwords slow guessing down, and nothing else."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.passwords import FORGET_SECONDS, FREE_FAILURES, PAUSE_MAX_SECONDS
from entrepot.services.throttle import NAMES_MAX, Throttle
from tests.services.house import HandClock


def failed(throttle: Throttle, times: int, name: str = "alice") -> None:
    for number in range(times):
        throttle.failed(name, b"%d" % number)


def is_paused(throttle: Throttle, name: str = "alice") -> bool:
    try:
        throttle.check(name)
    except Fault as fault:
        return fault.code is Code.TOOMANYREQUESTS
    return False


def test_a_few_mistakes_are_free_then_there_is_a_pause() -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    failed(throttle, FREE_FAILURES - 1)
    assert not is_paused(throttle)
    failed(throttle, 1)
    assert is_paused(throttle)
    assert not is_paused(throttle, "bob")
    clock.seconds += 1.0
    assert not is_paused(throttle)


def test_the_pause_says_how_long_it_is() -> None:
    throttle = Throttle(HandClock())
    failed(throttle, FREE_FAILURES + 3)
    with pytest.raises(Fault, match="try again in 8 seconds") as caught:
        throttle.check("alice")
    assert caught.value.detail == {"seconds": 8.0}


def test_a_right_password_or_a_quarter_of_an_hour_makes_it_forget() -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    failed(throttle, FREE_FAILURES + 5)
    throttle.passed("alice")
    assert not is_paused(throttle)
    failed(throttle, FREE_FAILURES + 5)
    clock.seconds += FORGET_SECONDS + 1
    failed(throttle, 1)
    assert not is_paused(throttle)


def test_a_clock_set_back_locks_nobody_out() -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    failed(throttle, FREE_FAILURES + 5)
    clock.seconds -= 86400.0
    assert not is_paused(throttle)
    failed(throttle, 1)
    assert not is_paused(throttle)


def test_only_the_last_wrong_guess_counts_as_repeated() -> None:
    throttle = Throttle(HandClock())
    throttle.failed("alice", b"one")
    assert throttle.is_repeated("alice", b"one")
    assert not throttle.is_repeated("alice", b"two")
    assert not throttle.is_repeated("bob", b"one")


def test_i13_the_table_is_bounded() -> None:
    throttle = Throttle(HandClock())
    failed(throttle, FREE_FAILURES + 5, "first")
    for number in range(NAMES_MAX):
        throttle.failed(f"name{number}", b"x")
    assert not is_paused(throttle, "first")
    assert throttle.is_repeated("name0", b"x")


def test_no_pause_is_longer_than_the_longest() -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    failed(throttle, 1000)
    clock.seconds += PAUSE_MAX_SECONDS
    assert not is_paused(throttle)
