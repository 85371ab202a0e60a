"""Robots' names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.areas import check_project_name
from entrepot.rules.passwords import check_name
from entrepot.rules.robots import (
    check_robot_name,
    is_robot,
    project_of_robot,
    robot_name,
)

SHORT = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*", fullmatch=True).filter(lambda n: len(n) <= 64)
PROJECTS = st.just("") | st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*", fullmatch=True)


def test_names_are_harbors() -> None:
    assert robot_name("ci") == "robot$ci"
    assert robot_name("ci", "acme") == "robot$acme+ci"


@given(SHORT, PROJECTS)
def test_a_full_name_says_whose_it_is_and_is_no_users(name: str, project: str) -> None:
    full = robot_name(name, project)
    assert check_robot_name(name, project) is None or check_project_name(project) is not None
    assert is_robot(full)
    assert project_of_robot(full) == project
    assert check_name(full) is not None


@given(SHORT, PROJECTS, SHORT, PROJECTS)
def test_two_robots_have_two_names(a: str, of_a: str, b: str, of_b: str) -> None:
    assert (robot_name(a, of_a) == robot_name(b, of_b)) == ((a, of_a) == (b, of_b))


@pytest.mark.parametrize(
    "name",
    ["", "CI", "a+b", "robot$ci", "a b", "a/b", "-a", "a-", "a..b", "a\n", "\u0430", "x" * 65],
)
def test_what_is_no_name(name: str) -> None:
    assert check_robot_name(name, "") is not None


def test_the_project_of_what_is_no_robot() -> None:
    assert project_of_robot("alice") == ""
    assert project_of_robot("robot$+ci") == ""
    assert project_of_robot("robot$acme+a+b") == "acme"
