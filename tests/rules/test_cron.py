"""Schedules."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.cron import AFTER_MAX, LENGTH_MAX, NAMED, check, next_after

START = datetime(2026, 2, 27, 13, 45, 30, tzinfo=UTC).timestamp()
TIMES = st.floats(min_value=0, max_value=AFTER_MAX - 10 * 366 * 86400)
FIELD = st.sampled_from(["*", "*/5", "0", "1", "2", "30", "1-5", "1,3", "?", "L", "MON", "5#2"])


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("@hourly", "2026-02-27 14:00"),
        ("@daily", "2026-02-28 00:00"),
        ("@Midnight", "2026-02-28 00:00"),
        ("@weekly", "2026-03-01 00:00"),
        ("@monthly", "2026-03-01 00:00"),
        ("@yearly", "2027-01-01 00:00"),
        ("* * * * *", "2026-02-27 13:46"),
        ("*/15 * * * *", "2026-02-27 14:00"),
        ("30 2 * * *", "2026-02-28 02:30"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 L * *", "2026-02-28 00:00"),
        ("0 3 * * mon-fri", "2026-03-02 03:00"),
        ("0 0 1 * MON", "2026-03-01 00:00"),
        ("0 30 2 * * *", "2026-02-28 02:30"),
        ("0 0 2 ? * 1", "2026-03-02 02:00"),
        (" 0  0 * * 7 ", "2026-03-01 00:00"),
    ],
)
def test_the_next_time(expression: str, expected: str) -> None:
    at = datetime.fromtimestamp(next_after(expression, START), UTC)
    assert at.strftime("%Y-%m-%d %H:%M") == expected
    assert at.second == 0


@pytest.mark.parametrize(
    "expression, said",
    [
        ("", "mean nothing"),
        ("* * * *", "4 fields"),
        ("1 * * * * * *", "7 fields"),
        ("60 * * * *", "bad minute"),
        ("*/0 * * * *", "bad minute"),
        ("5-1 * * * *", "bad minute"),
        ("² * * * *", "mean nothing"),
        ("30 0 2 * * *", "seconds"),
        ("* 0 2 * * *", "seconds"),
        ("0 * 2 * * *", "minutes"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 31 4 */1", "bad day-of-month"),
        ("@reboot", "no name"),
        ("@", "no name"),
        ("0 " * LENGTH_MAX, "longer"),
    ],
)
def test_what_is_no_schedule(expression: str, said: str) -> None:
    with pytest.raises(Fault, match=said) as caught:
        check(expression)
    assert caught.value.code is Code.REQUEST_INVALID
    assert ": " in caught.value.message


def test_a_date_that_never_comes_is_found_out() -> None:
    # A second Monday is never the 1st or the 31st.
    with pytest.raises(Fault, match="never comes"):
        check("0 0 */30 * MON#2")


def test_a_time_outside_of_the_calendar_is_refused() -> None:
    for after in (-1.0, AFTER_MAX * 2, float("inf"), float("nan")):
        with pytest.raises(Fault, match="calendar"):
            next_after("@daily", after)


@given(st.sampled_from([*NAMED, "*/7 3-5 * * 1,3", "0 30 2 1 * *"]), TIMES)
def test_the_next_time_is_later_and_the_first(expression: str, after: float) -> None:
    at = next_after(expression, after)
    assert after < at
    assert at % 60 == 0
    assert next_after(expression, (after + at) / 2) == at or (after + at) / 2 >= at
    assert next_after(expression, at) > at


@given(st.lists(FIELD, min_size=5, max_size=6), TIMES)
def test_each_expression_has_a_next_time_or_is_refused(fields: list[str], after: float) -> None:
    try:
        at = next_after(" ".join(fields), after)
    except Fault as fault:
        if fault.code is not Code.REQUEST_INVALID:
            raise
    else:
        assert at > after


@given(st.text(alphabet="0123456789*/,-#LW @aM", max_size=20))
def test_parsing_is_total(text: str) -> None:
    try:
        check(text)
    except Fault as fault:
        if fault.code is not Code.REQUEST_INVALID:
            raise
