import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.passwords import (
    FREE_FAILURES,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    PAUSE_MAX_SECONDS,
    check_name,
    check_password,
    throttle_seconds,
)

LETTERS = string.ascii_letters + string.digits


@given(st.text(LETTERS, min_size=1, max_size=1), st.text(LETTERS + "._@-", max_size=63))
def test_names_that_are_taken(first: str, rest: str) -> None:
    assert check_name(first + rest) is None


@pytest.mark.parametrize(
    "name",
    # A colon ends the name in Basic credentials; control characters and slashes end up in logs,
    # headers and addresses; `é` looks the same in two ways.
    ["", ".a", "-a", "@a", "a b", "a:b", "a/b", "a\n", "\na", "a\0b", "a\x1b[1m", "é", "a" * 65],
)
def test_names_that_are_not(name: str) -> None:
    fault = check_name(name)
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert "user name" in fault.message


@given(st.text())
def test_a_name_is_safe_wherever_it_is_shown(name: str) -> None:
    if check_name(name) is None:
        assert name.isascii()
        assert name.isprintable()
        assert not set(name) & set(" :/?#%\"'\\<>&,;")


@given(st.text(max_size=2 * PASSWORD_LENGTH_MAX))
def test_only_the_length_of_a_password_counts(password: str) -> None:
    fault = check_password(password)
    assert (fault is None) == (PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX)
    if fault is not None:
        assert fault.code is Code.REQUEST_INVALID
        assert str(PASSWORD_LENGTH_MIN) in fault.message
        assert str(PASSWORD_LENGTH_MAX) in fault.message


@given(st.integers(0, 10_000))
def test_a_pause_grows_up_to_its_bound(failures: int) -> None:
    pause = throttle_seconds(failures)
    assert 0 <= pause <= throttle_seconds(failures + 1) <= PAUSE_MAX_SECONDS


def test_mistyping_a_few_times_costs_nothing() -> None:
    assert throttle_seconds(FREE_FAILURES - 1) == 0
    assert throttle_seconds(FREE_FAILURES) > 0


def test_guessing_is_slow() -> None:
    """Ten thousand guesses at one name take days."""
    assert sum(map(throttle_seconds, range(10_000))) > 5 * 86400
