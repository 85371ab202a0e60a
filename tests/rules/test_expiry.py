"""When secrets end."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.expiry import LIFE_MAX_DAYS, parse_expiry

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    "text, ends_at",
    [
        ("30d", NOW + 30 * 86400),
        (" 12H ", NOW + 12 * 3600),
        ("90 s", NOW + 90),
        ("5m", NOW + 300),
        ("4w", NOW + 28 * 86400),
        (f"{LIFE_MAX_DAYS}d", NOW + LIFE_MAX_DAYS * 86400),
        ("2027-01-15T08:00:01Z", NOW + 1),
        ("2027-01-16", NOW + 16 * 3600),
        ("Never", None),
    ],
)
def test_ends(text: str, ends_at: float | None) -> None:
    assert parse_expiry(text, NOW) == ends_at


@pytest.mark.parametrize(
    "text",
    ["", "0d", "now", "-1d", "1d ago", "2027-01-15T08:00:00Z", "3651d", "999999999w", "9000-01-01",
     "30", "30 days", "1y", "x" * 1000, "9" * 500 + "d", "\u0663d", "nan", "inf"],
)  # fmt: skip
def test_what_is_no_end(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_expiry(text, NOW)
    assert caught.value.code is Code.REQUEST_INVALID
    assert len(caught.value.message) < 300
