"""Semantic versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.semver import LENGTH_MAX, Version, parse, parse_tag

ASCENDING = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "v2.0.0",
]
NUMBERS = st.integers(0, 30)
PRE = st.sampled_from(["0", "1", "11", "alpha", "rc-1", "-", "0a"])
VERSIONS = st.builds(
    Version,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.lists(PRE, max_size=3).map(tuple),
    st.sampled_from(["", "5", "sha.01"]),
    st.sampled_from(["", "v"]),
)


def parsed(text: str) -> Version:
    version = parse(text)
    assert version is not None
    return version


def test_the_specifications_order() -> None:
    versions = [parsed(text) for text in ASCENDING]
    assert sorted(versions[1::2] + versions[::2]) == versions


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "V1.2.3",
     "1.2.3+", " 1.2.3", "1.2.3\n", "v", "1.2.-3", "١.2.3", "1.2.3-" + "a" * LENGTH_MAX],
)  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    assert parse(text) is None


def test_build_metadata_does_not_count() -> None:
    assert parsed("1.0.0+a").precedence == parsed("v1.0.0+b").precedence
    assert parse_tag("1.0.0_build.5") == parsed("1.0.0+build.5")
    assert parse("1.0.0_build.5") is None


@given(VERSIONS)
def test_text_and_version_are_one(version: Version) -> None:
    assert parse(str(version)) == version
    assert parse_tag(str(version).replace("+", "_")) == version


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (two < one) + (one == two) == 1
    assert (one <= two) == (one < two or one == two)
    if one < two < three:
        assert one < three


@given(VERSIONS)
def test_a_release_is_above_its_pre_releases(version: Version) -> None:
    release = Version(version.major, version.minor, version.patch)
    assert version.is_release or version < release


@given(st.text(alphabet="0123456789.-+vab_", max_size=20))
def test_parsing_is_total(text: str) -> None:
    version = parse(text)
    assert version is None or str(version) == text
