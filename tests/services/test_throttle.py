"""Wrong passwords slow guessing down, and nothing else."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.passwords import (
    FORGET_SECONDS,
    FREE_FAILURES,
    PACE_FREE_FAILURES,
    PACE_MAX_SECONDS,
    PACE_SECONDS,
    PAUSE_MAX_SECONDS,
)
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


def test_a_pause_is_for_one_place_alone() -> None:
    throttle = Throttle(HandClock())
    for number in range(FREE_FAILURES):
        throttle.failed("alice", b"%d" % number, "192.0.2.1")
    with pytest.raises(Fault, match="too many wrong passwords"):
        throttle.check("alice", "192.0.2.1")
    throttle.check("alice", "192.0.2.2")
    assert throttle.pace_seconds("alice", "192.0.2.2") == 0


def guessed_from_everywhere(throttle: Throttle) -> None:
    for number in range(PACE_FREE_FAILURES):
        throttle.failed("alice", b"x", f"192.0.2.{number}")


def test_guesses_from_everywhere_make_a_queue_that_ends() -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    guessed_from_everywhere(throttle)
    waits = [throttle.pace_seconds("alice", f"198.51.100.{number}") for number in range(200)]
    assert waits[:4] == [0, PACE_SECONDS, 2 * PACE_SECONDS, 3 * PACE_SECONDS]
    assert max(waits) == waits[-1] == PACE_MAX_SECONDS
    assert throttle.pace_seconds("bob", "198.51.100.1") == 0
    clock.seconds += FORGET_SECONDS + 1
    assert throttle.pace_seconds("alice", "198.51.100.1") == 0


def test_who_was_right_here_waits_for_nobody() -> None:
    throttle = Throttle(HandClock())
    throttle.passed("alice", "203.0.113.5")
    guessed_from_everywhere(throttle)
    assert throttle.pace_seconds("alice", "203.0.113.6") == 0
    assert throttle.pace_seconds("alice", "203.0.113.6") > 0
    assert throttle.pace_seconds("alice", "203.0.113.5") == 0
