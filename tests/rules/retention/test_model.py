import pytest

from entrepot.rules.retention.model import Policy, Rule, Scope, Semver, Verb, duration, quoted


@pytest.mark.parametrize(
    "seconds,text",
    [(0, "0d"), (60, "1m"), (5400, "90m"), (3600, "1h"), (129600, "36h"), (86400 * 14, "14d")],
)
def test_durations_take_the_largest_unit(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_seconds_have_no_text() -> None:
    with pytest.raises(ValueError, match="90 seconds"):
        duration(90)


def test_quotes() -> None:
    assert quoted('a"\\*') == '"a\\"\\\\*"'


def test_the_line_is_no_part_of_a_rule() -> None:
    assert Rule(Verb.KEEP, line=1) == Rule(Verb.KEEP, line=2)
    assert Policy().text() == ""


@pytest.mark.parametrize(
    "name,holds",
    [
        ("1.2.3", True),
        ("v1.2.3-rc.1", True),
        ("v1.2", False),
        ("1.2.3.4", False),
        ("01.2.3", False),
        ("latest", False),
    ],
)
def test_semantic_versions(name: str, holds: bool) -> None:
    assert Semver().holds(name) is holds


def test_all_patterns_of_a_scope_have_to_cover() -> None:
    rule = Rule(Verb.KEEP, scope=(Scope("team/*"), Scope("team/old", negated=True)))
    assert rule.covers("team/web")
    assert not rule.covers("team/old")
    assert not rule.covers("web")
    assert not Rule(Verb.KEEP, disabled=True).covers("web")
