"""Moments as people write them."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.moments import LENGTH_MAX, parse_moment, parse_tagged, shown

NOW = 1_800_000_000.0
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-10-01T12:00Z", NOON),
        ("2026-10-01T12:00", NOON),
        ("2026-10-01 12:00", NOON),
        (" 2026-10-01t12:00z ", NOON),
        ("2026-10-01T12:00:30Z", NOON + 30),
        ("2026-10-01T12:00:30.25Z", NOON + 30.25),
        ("2026-10-01T12:00:30.123456789Z", NOON + 30.123456789),
        ("2026-10-01T14:00+02:00", NOON),
        ("2026-10-01T14:00:00.5+0200", NOON + 0.5),
        ("2026-10-01T14:00+02", NOON),
        ("2026-10-01T06:30-05:30", NOON),
        ("2026-10-01", NOON - 12 * 3600),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC).timestamp()),
        ("now", NOW),
        ("2h ago", NOW - 7200),
        ("2 hours ago", NOW - 7200),
        ("-2h", NOW - 7200),
        ("-90m", NOW - 5400),
        ("-30s", NOW - 30),
        ("1 minute ago", NOW - 60),
        ("45 min ago", NOW - 45 * 60),
        ("3 days ago", NOW - 3 * 86400),
        ("1d 12h ago", NOW - 36 * 3600),
        ("-1h30m", NOW - 5400),
        ("2W AGO", NOW - 14 * 86400),
        ("1790856000", 1790856000.0),
        ("1790856000.5", 1790856000.5),
    ],
)
def test_moments(text: str, moment: float) -> None:
    assert parse_moment(text, NOW) == pytest.approx(moment, abs=1e-6)


@pytest.mark.parametrize(
    "text, cause",
    [
        ("", "is not a moment"),
        ("yesterday", "is not a moment"),
        ("2026", "is not a moment"),
        ("1790856000000", "is not a moment"),
        ("2026-10-01T12", "is not a moment"),
        ("01.10.2026", "is not a moment"),
        ("2h", "is not a moment"),
        ("2h from now", "is not a moment"),
        ("5 parsecs ago", "is not a moment"),
        ("2026-10-01T12:00+", "is not a moment"),
        ("٢٠٢٦-10-01", "is not a moment"),
        ("2026-02-29", "is not in the calendar"),
        ("2026-10-01T25:00Z", "is not in the calendar"),
        ("2026-10-01T12:00:60Z", "is not in the calendar"),
        ("2026-10-01T12:00+99:00", "is not in the calendar"),
        ("1969-12-31", "is before 1970"),
        ("99999d ago", "is before 1970"),
        ("1" * (LENGTH_MAX + 1), "is longer than"),
    ],
)
def test_what_is_no_moment_says_what_to_write(text: str, cause: str) -> None:
    with pytest.raises(Fault) as refused:
        parse_moment(text, NOW)
    assert refused.value.code is Code.REQUEST_INVALID
    assert cause in refused.value.message
    assert "write 2026-10-01T12:00Z" in refused.value.message


@given(st.integers(0, 99_999_999_999))
def test_what_is_shown_is_read_again(seconds: int) -> None:
    assert parse_moment(shown(float(seconds)), NOW) == seconds


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    with suppress(Fault):
        assert 0 <= parse_moment(text, NOW) < 1e11


@pytest.mark.parametrize(
    "text, name, tag",
    [
        ("myapp:latest@2026-10-01T12:00Z", "library/myapp", "latest"),
        ("acme/api:v1@2026-10-01T14:00:00+02:00", "acme/api", "v1"),
        ("acme/team/api:1.0@1790856000", "acme/team/api", "1.0"),
    ],
)
def test_a_tag_at_a_moment(text: str, name: str, tag: str) -> None:
    assert parse_tagged(text, NOW) == (name, tag, NOON)


@pytest.mark.parametrize(
    "text, code, cause",
    [
        ("myapp:latest", Code.REQUEST_INVALID, "names no tag at a moment"),
        ("myapp@2026-10-01", Code.REQUEST_INVALID, "names no tag at a moment"),
        ("localhost:5000/app@2026-10-01", Code.REQUEST_INVALID, "names no tag at a moment"),
        (f"myapp:v1@sha256:{'0' * 64}", Code.REQUEST_INVALID, "is a digest"),
        ("MyApp:v1@2026-10-01", Code.NAME_INVALID, "is not a repository name"),
        ("myapp:-v1@2026-10-01", Code.TAG_INVALID, "is not a tag"),
        ("myapp:v1@", Code.REQUEST_INVALID, "is not a moment"),
        ("myapp:v1@tomorrow", Code.REQUEST_INVALID, "is not a moment"),
    ],
)
def test_what_is_no_tag_at_a_moment(text: str, code: Code, cause: str) -> None:
    with pytest.raises(Fault) as refused:
        parse_tagged(text, NOW)
    assert refused.value.code is code
    assert cause in refused.value.message
