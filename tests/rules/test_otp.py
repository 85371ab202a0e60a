"""One-time codes: the vectors of the RFCs, and what holds for all."""

import base64
import string
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.otp import (
    DIGITS,
    FREE_TRIES,
    RECOVERY_BYTES,
    SECRET_BYTES,
    STEP_SECONDS,
    TRY_PAUSE_MAX_SECONDS,
    WINDOW_STEPS,
    base32,
    code_at,
    matching_step,
    pause_seconds,
    plain_code,
    provisioning_uri,
    recovery_code,
    recovery_digest,
    step_of,
)

SECRET = b"12345678901234567890"
SECRETS = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
TIMES = st.integers(0, 1 << 36).map(float)


@pytest.mark.parametrize(
    "step, code",
    [
        *((0, "755224"), (1, "287082"), (2, "359152"), (3, "969429"), (4, "338314")),
        *((5, "254676"), (6, "287922"), (7, "162583"), (8, "399871"), (9, "520489")),
    ],
)
def test_the_vectors_of_rfc_4226(step: int, code: str) -> None:
    """Appendix D."""
    assert code_at(SECRET, step) == code


@pytest.mark.parametrize(
    "now, eight_digits",
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(now: int, eight_digits: str) -> None:
    """Appendix B, SHA-1; six digits are the last ones of eight."""
    assert code_at(SECRET, step_of(now)) == eight_digits[-DIGITS:]


@given(SECRETS, TIMES, st.integers(-5, 5))
def test_a_code_is_right_within_the_window_alone(secret: bytes, now: float, off: int) -> None:
    step = step_of(now) + off
    if step < 0:
        return
    found = matching_step(secret, code_at(secret, step), now=now, used=-1)
    # Another step of the window may have the same code by chance.
    near = range(max(0, step_of(now) - WINDOW_STEPS), step_of(now) + WINDOW_STEPS + 1)
    same = [each for each in near if code_at(secret, each) == code_at(secret, step)]
    assert found == (same[-1] if same else None)
    assert abs(off) > WINDOW_STEPS or found is not None


@given(SECRETS, TIMES)
def test_no_code_is_taken_twice_nor_an_older_one_after(secret: bytes, now: float) -> None:
    code = code_at(secret, step_of(now))
    step = matching_step(secret, code, now=now, used=-1)
    assert step is not None
    for later in range(3):
        assert matching_step(secret, code, now=now + later * STEP_SECONDS, used=step) is None
    if step_of(now) and step == step_of(now):
        before = code_at(secret, step - 1)
        assert before == code or matching_step(secret, before, now=now, used=step) is None


@given(st.text(max_size=100))
def test_anything_may_be_typed(text: str) -> None:
    step = matching_step(SECRET, text, now=59.0, used=-1)
    assert (step is not None) == (plain_code(text) in {b"755224", b"287082", b"359152"})
    recovery_digest("alice", text)


def test_spaces_and_dashes_do_not_count() -> None:
    assert matching_step(SECRET, " 287 082", now=59.0, used=-1) == 1
    assert recovery_digest("a", "ABCD-efgh") == recovery_digest("a", "abcd efgh")


@given(SECRETS, st.text(max_size=30), st.text(string.ascii_letters + "._@-", min_size=1))
def test_the_uri_says_all_that_an_app_needs(secret: bytes, issuer: str, account: str) -> None:
    uri = urlsplit(provisioning_uri(secret, issuer=issuer, account=account))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert [unquote(part) for part in uri.path[1:].split(":")] == [issuer, account]
    fields = {key: value for key, (value,) in parse_qs(uri.query, keep_blank_values=True).items()}
    assert fields.pop("issuer") == issuer
    assert base64.b32decode(fields.pop("secret")) == secret
    assert fields == {"algorithm": "SHA1", "digits": "6", "period": "30"}
    assert base64.b32decode(base32(secret)) == secret


@given(st.binary(min_size=RECOVERY_BYTES, max_size=RECOVERY_BYTES))
def test_a_recovery_code_can_be_written_down(chance: bytes) -> None:
    code = recovery_code(chance)
    assert [len(group) for group in code.split("-")] == [4] * 4
    assert base64.b32decode(code.replace("-", "").upper()) == chance


def test_a_recovery_code_is_one_user_s() -> None:
    assert recovery_digest("alice", "abcd") != recovery_digest("bob", "abcd")
    # Where the name ends counts.
    assert recovery_digest("al", "iceabcd") != recovery_digest("alice", "abcd")


@given(st.integers(0, 10_000))
def test_tries_are_few(failures: int) -> None:
    assert 0 <= pause_seconds(failures) <= pause_seconds(failures + 1) <= TRY_PAUSE_MAX_SECONDS
    assert (pause_seconds(failures) == 0) == (failures < FREE_TRIES)


def test_a_month_of_guessing_finds_next_to_nothing() -> None:
    tries = 30 * 86400 / TRY_PAUSE_MAX_SECONDS + 20
    assert tries * (2 * WINDOW_STEPS + 1) / 10**DIGITS < 0.01
