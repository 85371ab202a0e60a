"""Counting who asks: per caller, bounded, whatever one calls oneself."""

import ipaddress

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.ratelimits import Rate
from entrepot.services.ratelimiting import (
    CALLERS_MAX,
    FORGET_PER_REQUEST,
    KEY_MAX,
    Counter,
    RateService,
)
from tests.services.house import HandClock

SIX_HOURS = 21600


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def rates(clock: HandClock) -> RateService:
    return RateService(clock, anonymous_pulls=Rate(3, SIX_HOURS), user_pulls=Rate(5, SIX_HOURS))


def pulls(rates: RateService, name: str, address: str, most: int = 20) -> int:
    """Pull until it is refused, and return how often it was not."""
    for count in range(most):
        allowance = rates.pull(name, address, counts=True)
        if allowance is not None and not allowance.standing.allowed:
            return count
    return most


def test_each_caller_has_a_count_of_their_own(rates: RateService, clock: HandClock) -> None:
    assert pulls(rates, "", "192.0.2.1") == 3
    assert pulls(rates, "", "192.0.2.2") == 3
    assert pulls(rates, "alice", "192.0.2.1") == 5
    assert pulls(rates, "bob", "192.0.2.1") == 5
    assert pulls(rates, "", "") == 3
    clock.seconds += SIX_HOURS
    assert pulls(rates, "", "192.0.2.1") == 3


def test_looking_counts_nothing(rates: RateService) -> None:
    for _ in range(10):
        allowance = rates.pull("", "192.0.2.1", counts=False)
        assert allowance is not None
        assert (allowance.standing.remaining, allowance.source) == (3, "192.0.2.1")
    assert pulls(rates, "", "192.0.2.1") == 3


def test_without_a_limit_nothing_is_counted(clock: HandClock) -> None:
    rates = RateService(clock)
    assert not rates.limits_pulls
    assert not rates.limits_requests
    assert rates.pull("", "192.0.2.1", counts=True) is None
    rates.admit("192.0.2.1")
    half = RateService(clock, anonymous_pulls=Rate(1, 60))
    assert half.limits_pulls
    assert half.pull("alice", "192.0.2.1", counts=True) is None


# Attacks.


def test_attack_the_letter_case_of_a_name_is_no_way_round(rates: RateService) -> None:
    assert pulls(rates, "alice", "192.0.2.1") == 5
    for name in ("Alice", "ALICE", "aLiCe", "\N{FULLWIDTH LATIN CAPITAL LETTER A}lice"):
        assert pulls(rates, name, "198.51.100.7") == 0


def test_attack_another_address_is_no_way_round_for_a_user(rates: RateService) -> None:
    assert pulls(rates, "alice", "192.0.2.1") == 5
    assert pulls(rates, "alice", "192.0.2.2") == 0


def test_attack_another_address_of_one_network_is_no_way_round(rates: RateService) -> None:
    assert pulls(rates, "", "2001:db8::1") == 3
    assert pulls(rates, "", "2001:db8::ffff:1:2:3") == 0
    assert pulls(rates, "", "2001:db8:0:1::1") == 3


def test_attack_a_user_named_as_an_address_is_no_address(rates: RateService) -> None:
    assert pulls(rates, "192.0.2.1", "198.51.100.7") == 5
    assert pulls(rates, "", "192.0.2.1") == 3


def test_attack_many_addresses_cannot_grow_memory(clock: HandClock) -> None:
    counter = Counter(clock, Rate(1, SIX_HOURS), callers_max=100)
    for number in range(1000):
        counter.take(str(ipaddress.IPv4Address(number)))
        assert len(counter) <= 100
    # The oldest are forgotten, the newest are not.
    assert counter.look(str(ipaddress.IPv4Address(0))).allowed
    assert not counter.look(str(ipaddress.IPv4Address(999))).allowed
    assert CALLERS_MAX <= 1 << 16


def test_attack_long_names_cannot_grow_memory(clock: HandClock) -> None:
    counter = Counter(clock, Rate(1, SIX_HOURS))
    counter.take("a" * 1_000_000)
    assert not counter.look("a" * KEY_MAX).allowed


def test_attack_asking_on_keeps_nobody_out_longer(rates: RateService, clock: HandClock) -> None:
    pulls(rates, "", "192.0.2.1")
    for _ in range(60):
        clock.seconds += SIX_HOURS / 60
        rates.pull("", "192.0.2.1", counts=True)
    assert pulls(rates, "", "192.0.2.1") == 2  # the last of those was the first of the next window


# Memory of windows that are over.


def test_what_is_over_is_let_go_a_few_at_a_time(clock: HandClock) -> None:
    counter = Counter(clock, Rate(1, 60))
    for number in range(20):
        counter.take(f"caller {number}")
    clock.seconds += 60
    counter.take("another")
    assert len(counter) == 20 - FORGET_PER_REQUEST + 1
    for _ in range(5):
        counter.take("another")
    assert len(counter) == 1


def test_a_new_window_of_an_old_caller_is_the_newest(clock: HandClock) -> None:
    counter = Counter(clock, Rate(1, 60), callers_max=2)
    counter.take("a")
    counter.take("b")
    clock.seconds += 60
    counter.take("a")
    counter.take("c")
    assert not counter.look("a").allowed
    assert not counter.look("c").allowed


# What a refusal says.


def refused(rates: RateService, name: str, address: str = "192.0.2.1") -> Fault:
    pulls(rates, name, address)
    allowance = rates.pull(name, address, counts=True)
    assert allowance is not None
    fault = rates.refusal(allowance)
    assert fault.code is Code.TOOMANYREQUESTS
    return fault


def test_an_anonymous_caller_is_told_to_log_in(rates: RateService, clock: HandClock) -> None:
    pulls(rates, "", "192.0.2.1")
    clock.seconds += 3600
    fault = refused(rates, "")
    assert "3 pulls in 6 hours, of 192.0.2.1" in fault.message
    assert "log in" in fault.message
    assert "wait 5 hours" in fault.message
    assert fault.detail == {"limit": 3, "window_seconds": SIX_HOURS, "seconds": 18000}


def test_a_user_is_told_whom_to_ask(rates: RateService) -> None:
    fault = refused(rates, "alice")
    assert "docker login" not in fault.message
    assert "rates.user_pulls" in fault.message
    assert "wait 6 hours" in fault.message


def test_nobody_is_told_to_log_in_for_less(clock: HandClock) -> None:
    rates = RateService(clock, anonymous_pulls=Rate(10, 60), user_pulls=Rate(10, 3600))
    assert "log in" not in refused(rates, "").message
    free = RateService(clock, anonymous_pulls=Rate(10, 60))
    assert "log in" in refused(free, "").message


def test_several_processes_share(clock: HandClock) -> None:
    rates = RateService(clock, anonymous_pulls=Rate(100, 60), requests_per_second=4, parts=4)
    assert pulls(rates, "", "192.0.2.1", most=200) == 25
    rates.admit("192.0.2.1")
    with pytest.raises(Fault):
        rates.admit("192.0.2.1")


# Floods.


def test_requests_of_one_address_in_a_second(clock: HandClock) -> None:
    rates = RateService(clock, requests_per_second=10)
    assert rates.limits_requests
    for second in range(3):
        for _ in range(10):
            rates.admit("2001:db8::1")
        with pytest.raises(Fault) as caught:
            rates.admit(f"2001:db8::{second}:2")
        assert caught.value.code is Code.TOOMANYREQUESTS
        assert "rates.requests_per_second" in caught.value.message
        rates.admit(f"192.0.2.{second}")
        clock.seconds += 1


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_may_ask_as_often_as_it_likes(clock: HandClock, address: str) -> None:
    rates = RateService(clock, requests_per_second=1)
    for _ in range(10):
        rates.admit(address)


def test_attack_an_unknown_address_is_counted(clock: HandClock) -> None:
    rates = RateService(clock, requests_per_second=1)
    rates.admit("unknown")
    with pytest.raises(Fault):
        rates.admit("unknown")
