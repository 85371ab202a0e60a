"""What clients are told beside their answers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.warnings import DEPRECATED, END_OF_LIFE, Facts, warnings

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC).timestamp()
DAY_SECONDS = 86400


def told(annotations: dict[str, str], now: float = NOON) -> tuple[str, ...]:
    return warnings(Facts("app:v1", now, annotations))


def test_nothing_is_told_of_a_manifest_without_annotations() -> None:
    assert told({}) == ()
    assert told({"org.opencontainers.image.title": DEPRECATED}) == ()


@pytest.mark.parametrize(
    "reason, text",
    [
        ("use app:v2", "app:v1 is deprecated: use app:v2"),
        ("", "app:v1 is deprecated"),
        (" ", "app:v1 is deprecated"),
    ],
)
def test_a_deprecated_manifest_is_told_with_its_reason(reason: str, text: str) -> None:
    assert told({DEPRECATED: reason}) == (text,)


@pytest.mark.parametrize(
    "date", ["2026-05-12", "2026-05-12T21:15:10.8343521Z", "2026-05-12T00:00:00+00:00"]
)
def test_an_end_of_life_is_told_from_its_day_on(date: str) -> None:
    text = "app:v1 has been out of support since 2026-05-12: use a newer version"
    assert told({END_OF_LIFE: date}) == (text,)
    assert told({END_OF_LIFE: date}, NOON + 1000 * DAY_SECONDS) == (text,)
    assert told({END_OF_LIFE: date}, NOON - DAY_SECONDS) == ()


@pytest.mark.parametrize("date", ["", "soon", "2026", "2026-13-01", "12.05.2026"])
def test_what_is_no_date_tells_nothing(date: str) -> None:
    assert told({END_OF_LIFE: date}) == ()


def test_both_are_told() -> None:
    assert len(told({DEPRECATED: "", END_OF_LIFE: "2020-01-01"})) == 2


@given(st.dictionaries(st.sampled_from([DEPRECATED, END_OF_LIFE, "x"]), st.text()))
def test_no_annotation_fails(annotations: dict[str, str]) -> None:
    assert all(text.startswith("app:v1 ") for text in told(annotations))
