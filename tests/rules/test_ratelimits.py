"""Rates and windows: never more than the number, all again when it was said."""

from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.ratelimits import (
    Rate,
    Window,
    counted_address,
    counted_name,
    is_over,
    look,
    parse_rate,
    span_text,
    take,
)
from entrepot.settings import Rates, Settings, SettingsError, check
from tests.oci.faults import code_of, fault_of

START = 1_800_000_000.1
RATES = st.builds(Rate, st.integers(1, 20), st.integers(1, 100))


@pytest.mark.parametrize(
    "text,rate",
    [
        ("off", None),
        ("100/6h", Rate(100, 21600)),
        ("5000/1d", Rate(5000, 86400)),
        ("10/s", Rate(10, 1)),
        ("1/90m", Rate(1, 5400)),
        ("999999999/99999d", Rate(999_999_999, 99999 * 86400)),
    ],
)
def test_rates(text: str, rate: Rate | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "100", "0/6h", "100/0h", "100/6", "100/6w", "-1/6h", "1e3/6h", "100 / 6h", "100/6h\n",
     "OFF", "٣/6h", "1000000000/1h", "1/100000s", "9" * 10_000],
)  # fmt: skip
def test_what_is_no_rate_is_told_what_one_is(text: str) -> None:
    fault = fault_of(lambda: parse_rate(text))
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert "100/6h" in fault.message
    assert len(fault.message) < 200


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{0,3}/?[0-9]{0,2}[a-z]?", fullmatch=True))
@example("100/6h")
@example("off")
@example("1/1h\n")
def test_settings_take_just_the_rates_that_can_be_read(text: str) -> None:
    settings = Settings(rates=Rates(anonymous_pulls=text, user_pulls=text))
    try:
        check(settings)
        taken = True
    except SettingsError:
        taken = False
    assert taken is (code_of(lambda: parse_rate(text)) is None)


@given(RATES, st.lists(st.floats(0, 50), max_size=80))
def test_never_more_than_the_number_in_a_window(rate: Rate, pauses: list[float]) -> None:
    window, now = None, START
    passed: list[float] = []
    for pause in pauses:
        now += pause
        before = look(rate, window, now)
        window, standing = take(rate, window, now)
        assert standing.allowed is before.allowed
        assert standing.remaining == before.remaining - standing.allowed >= 0
        assert 1 <= standing.reset_seconds <= rate.window_seconds
        if standing.allowed:
            passed.append(now)
        in_window = [at for at in passed if at >= window.started]
        assert len(in_window) == window.used <= rate.count
        # Over two windows, as the module says, twice the number at most.
        lately = [at for at in passed if at > now - rate.window_seconds]
        assert len(lately) <= 2 * rate.count


@given(RATES, st.floats(0, 1e9))
def test_all_may_pass_again_when_it_was_said(rate: Rate, age: float) -> None:
    now, window = START + age, None
    for _ in range(rate.count):
        window, standing = take(rate, window, now)
        assert standing.allowed
    window, standing = take(rate, window, now)
    assert not standing.allowed
    assert take(rate, window, now + standing.reset_seconds + 1e-3)[1].remaining == rate.count - 1


def test_what_is_refused_is_not_counted() -> None:
    rate = Rate(2, 60)
    full = Window(START, 2)
    for pause in range(59):
        window, standing = take(rate, full, START + pause)
        assert (window, standing.allowed, standing.remaining) == (full, False, 0)
        assert standing.reset_seconds == 60 - pause
    assert take(rate, full, START + 60)[1].allowed


def test_a_clock_that_was_set_back_keeps_nobody_out_for_long() -> None:
    rate, full = Rate(2, 60), Window(START, 2)
    assert is_over(rate, full, START - 3600)
    window, standing = take(rate, full, START - 3600)
    assert standing.allowed
    assert window.started == START - 3600


@given(st.integers(1, 10**9), st.integers(1, 256))
def test_shares_never_add_up_to_more(count: int, parts: int) -> None:
    share = Rate(count, 60).shared(parts)
    assert share.count >= 1
    assert share.count * parts <= max(count, parts)
    assert share.window_seconds == 60


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_64_is_one_caller(address: IPv6Address, host: int) -> None:
    network = IPv6Network((int(address), 64), strict=False)
    assert counted_address(str(address)) == str(network)
    assert counted_address(str(network[host])) == str(network)
    other = IPv6Address(int(address) ^ (1 << 64))
    assert counted_address(str(other)) != str(network)


def test_an_ipv4_address_is_one_caller() -> None:
    assert counted_address("192.0.2.1") == "192.0.2.1"
    assert counted_address("") == "unix"
    assert counted_address("unknown") == "unknown"


@pytest.mark.parametrize(
    "name", ["alice", "Alice", "ALICE", "\N{FULLWIDTH LATIN SMALL LETTER A}lice"]
)
def test_letter_case_makes_no_other_user(name: str) -> None:
    assert counted_name(name) == "alice"


@given(st.from_regex(r"[a-z0-9._$+-]{1,20}", fullmatch=True))
def test_names_of_accounts_and_robots_stay_apart(name: str) -> None:
    assert counted_name(name) == name


@pytest.mark.parametrize(
    "seconds,text",
    [
        (1, "1 second"),
        (60, "1 minute"),
        (7500, "2 hours 5 minutes"),
        (21600, "6 hours"),
        (86461, "1 day 1 minute"),
        (90061, "1 day 1 hour"),
    ],
)
def test_times_are_read_easily(seconds: int, text: str) -> None:
    assert span_text(seconds) == text
