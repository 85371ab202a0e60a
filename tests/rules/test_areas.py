"""Where grants hold, and which area lies in which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.rules.areas import (
    REGISTRY,
    Target,
    check_area,
    check_project_name,
    contains,
    covers,
    project_of,
)
from entrepot.rules.permissions import Level
from tests.rules.access_strategies import AREAS, NAMES, TARGETS


@pytest.mark.parametrize("name", ["a", "acme", "acme-2", "a.b", "a__b", "a" * 253])
def test_names_of_projects(name: str) -> None:
    assert check_project_name(name) is None
    assert RepositoryName.parse(f"{name}/b" if len(name) < 250 else "a/b")


@pytest.mark.parametrize(
    "name", ["", "A", "a/b", "*", "a_-b", "a..b", "-a", "a-", "а", "a\n", "a b", "a" * 254]
)
def test_what_is_no_name_of_a_project(name: str) -> None:
    assert check_project_name(name) is not None


@pytest.mark.parametrize("area", ["*", "acme", "acme/web", "acme/**", "acme/{a,b}", "acme/web/*"])
def test_areas(area: str) -> None:
    assert check_area(area) is None


@pytest.mark.parametrize(
    "area", ["", "**", "*/web", "acme*", "acme/", "/acme", "{a,b}/c", "Acme/web", "acme/[", "a\n"]
)
def test_what_is_no_area(area: str) -> None:
    assert check_area(area) is not None


@pytest.mark.parametrize(
    "area, name, expected",
    [
        ("*", "acme/app", True),
        ("acme", "acme/app", True),
        ("acme", "acme/api/web", True),
        ("acme", "acme-2/app", False),
        ("acme", "library/acme", False),
        ("acme/*", "acme/app", True),
        ("acme/*", "acme/api/web", False),
        ("acme/**", "acme/api/web", True),
        ("acme/app", "acme/app", True),
        ("acme/app", "acme/app2", False),
    ],
)
def test_what_an_area_covers(area: str, name: str, expected: bool) -> None:
    assert covers(area, Target.of(RepositoryName(name))) is expected


def test_a_pattern_covers_neither_the_project_nor_the_registry() -> None:
    assert not covers("acme/**", Target("acme"))
    assert covers("acme", Target("acme"))
    assert not covers("acme", REGISTRY)
    assert covers("*", REGISTRY)


@given(AREAS, AREAS, TARGETS)
def test_what_lies_in_an_area_is_covered_by_it(outer: str, inner: str, target: Target) -> None:
    if contains(outer, inner) and covers(inner, target):
        assert covers(outer, target)


@given(AREAS)
def test_an_area_lies_in_itself_and_in_the_registry(area: str) -> None:
    assert contains(area, area)
    assert contains("*", area)
    assert contains(project_of(area), area)


@given(st.sampled_from(("acme/**", "acme/*", "acme/api/**")), NAMES)
def test_a_plain_name_lies_in_the_patterns_that_match_it(pattern: str, name: str) -> None:
    assert contains(pattern, name) == covers(pattern, Target.of(RepositoryName(name)))


@pytest.mark.parametrize(
    "outer, inner",
    [
        ("acme", "*"),
        ("acme/**", "acme"),
        ("acme/*", "acme/**"),
        ("acme/api/**", "acme/**"),
        ("acme/api/**", "acme/api/"),
        ("acme", "acme-2"),
        ("acme/api/**", "acme/apis/web"),
    ],
)
def test_what_does_not_surely_lie_in_it(outer: str, inner: str) -> None:
    assert not contains(outer, inner)


def test_what_of_a_target_a_permission_is_about() -> None:
    target = Target.of(RepositoryName("acme/api/web"))
    assert target.at(Level.REPOSITORY) is target
    assert target.at(Level.PROJECT) == Target("acme")
    assert target.at(Level.REGISTRY) is REGISTRY
    assert Target("acme").at(Level.REPOSITORY) == Target("acme")
    words = [one.words for one in (target, Target("acme"), REGISTRY)]
    assert words == ["acme/api/web", "project acme", "the registry"]
