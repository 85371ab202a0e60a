"""Where fields of naming templates may end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.fields import EXAMPLES, after_field, after_literal
from entrepot.rules.semver import parse_tag

TEXTS = st.text(alphabet="01a.-_vé", max_size=14)


@pytest.mark.parametrize("field", EXAMPLES)
def test_each_field_ends_after_its_example(field: str) -> None:
    example = EXAMPLES[field]
    assert len(example) in after_field(example, {0}, field, ())
    assert 1 + len(example) in after_field(f"/{example}", {1}, field, ())


@given(st.text(alphabet="01a.-_", max_size=10).map("1.0.1".__add__) | TEXTS, st.integers(0, 3))
def test_a_version_ends_where_semver_says(tag: str, start: int) -> None:
    ends = after_field(tag, {start}, "version", ())
    for end in range(start, len(tag) + 1):
        version = parse_tag(tag[start:end])
        # A number goes on for as long as there are digits; identifiers may end anywhere.
        cut = (
            "-" not in tag[start:end] and "_" not in tag[start:end] and tag[end : end + 1].isdigit()
        )
        assert (end in ends) == (version is not None and not version.prefix and not cut)


@pytest.mark.parametrize(
    "tag, ends",
    [
        ("1.2.3-00", {5, 7}),
        ("1.2.3-00a", {5, 7, 9}),
        ("1.2.3-a.0_1", {5, 7, 9, 11}),
        ("1.2.3_a..b", {5, 7}),
        ("1.2.03", set()),
    ],
)
def test_ends_of_versions(tag: str, ends: set[int]) -> None:
    assert after_field(tag, {0}, "version", ()) == ends


@given(TEXTS, st.sampled_from(list(EXAMPLES)), st.sets(st.integers(0, 14), max_size=4))
def test_all_starts_together_are_each_start_alone(tag: str, field: str, places: set[int]) -> None:
    alone = {end for at in places for end in after_field(tag, {at}, field, ())}
    assert after_field(tag, places, field, ()) == alone
    assert all(min(places) < end <= len(tag) for end in alone)


def test_words_and_literals() -> None:
    assert after_literal("aab", {0, 1, 2}, "a") == {1, 2}
    assert after_field("prod-eu", {0}, "env", ("prod", "prod-eu", "x")) == {4, 7}
