"""Which name a certificate gives, and none where anything is in doubt."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.certificates import NAME_LENGTH_MAX, NameIn, read_certificate, unusable
from entrepot.rules.passwords import check_name
from entrepot.rules.robots import robot_name
from entrepot.settings.checks import CLIENT_NAMES

GOOD = "".join(sorted({*string.printable} - {*string.whitespace}))


def test_settings_name_the_same_fields() -> None:
    assert tuple(one.value for one in NameIn) == CLIENT_NAMES


@pytest.mark.parametrize("where", NameIn)
@pytest.mark.parametrize(
    "name", ["alice", "robot$ci", robot_name("ci", "acme"), "build-1.example.com", "a@example.com"]
)
def test_one_name(name: str, where: NameIn) -> None:
    assert read_certificate([name], where).name == name
    assert not read_certificate([name], where).problem


@pytest.mark.parametrize(
    "values, problem",
    [
        ([], "it has no"),
        (["alice", "alice"], "it has more than one"),
        (["alice", "admin"], "it has more than one"),
        ([""], "is no name"),
        (["\0"], "is no name"),
        (["admin\0.evil.example"], "is no name"),
        (["admin\n"], "is no name"),
        ([" admin"], "is no name"),
        (["admin "], "is no name"),
        (["ad min"], "is no name"),
        (["\uff41dmin"], "is no name"),
        (["admin\u200b"], "is no name"),
        (["a" * (NAME_LENGTH_MAX + 1)], "is no name"),
        ([b"admin"], "is no name"),
        ([None], "is no name"),
    ],
)
@pytest.mark.parametrize("where", NameIn)
def test_what_is_in_doubt_is_nobody(values: list[object], problem: str, where: NameIn) -> None:
    found = read_certificate(values, where)
    assert found.name == ""
    assert problem in found.problem


@given(st.text(), st.sampled_from(NameIn))
def test_a_name_is_taken_whole_or_not_at_all(text: str, where: NameIn) -> None:
    found = read_certificate([text], where)
    assert found.name in ("", text)
    assert bool(found.name) != bool(found.problem)
    if found.name:
        assert {*text} <= {*GOOD}


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", fullmatch=True))
def test_each_user_can_have_one(name: str) -> None:
    assert check_name(name) is None
    assert read_certificate([name], NameIn.CN).name == name


def test_an_unusable_one_names_nobody() -> None:
    assert unusable("it is odd").name == ""
