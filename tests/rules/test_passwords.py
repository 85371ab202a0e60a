import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.common_passwords import COMMON
from entrepot.rules.passwords import (
    FREE_FAILURES,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    PAUSE_MAX_SECONDS,
    RESERVED,
    PasswordPolicy,
    address_class,
    check_name,
    check_new_name,
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
def test_too_short_and_too_long_is_refused_and_said(password: str) -> None:
    fault = check_password(password)
    if PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        assert fault is None or "first that are tried" in fault.message
    else:
        assert fault is not None
        assert fault.code is Code.REQUEST_INVALID
        assert str(PASSWORD_LENGTH_MIN) in fault.message
        assert str(PASSWORD_LENGTH_MAX) in fault.message


@given(st.binary(min_size=8, max_size=32))
def test_what_chance_makes_is_taken(chance: bytes) -> None:
    """Of 64 bits of chance on, and without a rule on letters and digits."""
    if len(set(chance)) > 3:
        assert check_password(chance.hex()) is None


@pytest.mark.parametrize(
    "password",
    [
        *("password", "Password1", "PASSWORD123!", "Harbor12345", "qwertyuiop", "1q2w3e4r5t"),
        *("drowssap", "letmein2026", "!!dragon!!", "kubernetes-1"),
        *("aaaaaaaa", "12121212", "abcabcabc", "abcdefgh", "87654321", "23456789"),
        *("entrepot", "Entrepot2026", "alice1984", "ALICE-12"),
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    fault = check_password(password, name="alice")
    assert fault is not None
    assert "first that are tried" in fault.message


@pytest.mark.parametrize(
    "password", ["correct horse", "dragonfly-in-march", "my harbor is small", "爱丽丝喝咖啡很多杯"]
)
def test_words_that_hold_a_common_one_are_taken(password: str) -> None:
    assert check_password(password, name="alice") is None


def test_the_list_is_lower_case_and_of_some_hundreds() -> None:
    assert 300 <= len(COMMON) <= 1000
    assert all(word == word.casefold() for word in COMMON)


def test_a_longer_password_and_classes_can_be_asked_for() -> None:
    policy = PasswordPolicy(12, classes=True)
    assert "12 to 128" in str(check_password("Correct1", policy))
    for password in ("correct horse 1", "CORRECT HORSE 1", "Correct Horse X"):
        assert "a digit" in str(check_password(password, policy))
    assert check_password("Correct Horse 1", policy) is None


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


@pytest.mark.parametrize(
    "address, place",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("2001:db8:1:23f:9:9:9:9", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", ""),
        ("unix", "unix"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_where_guesses_come_from(address: str, place: str) -> None:
    assert address_class(address) == place


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_means_something_already_is_no_new_name(name: str) -> None:
    assert check_new_name(name) is not None
    assert check_new_name(name.upper()) is not None
    assert check_new_name(f"{name}2") is None
