import pytest

from entrepot.rules.retention.language import parse
from entrepot.rules.retention.selection import TOLD_MAX, Selector
from tests.rules.retention.policies import NOW, artifact


def selector(text: str) -> Selector:
    (rule,) = parse(text).rules
    return Selector(0, rule, NOW)


@pytest.mark.parametrize(
    "text,selected",
    [
        ("delete all", ["a", "b"]),
        ("delete tagged", ["a", "b"]),
        ('delete tag ~ "a"', ["a"]),
        ('delete tag !~ "a"', ["b"]),
        ('delete tag ~ "c"', None),
        ("delete untagged", None),
        ('delete tag ~ "a" older than 9d', None),
    ],
)
def test_tags_that_are_selected(text: str, selected: list[str] | None) -> None:
    chosen = selector(text).selected(artifact(1, "a", "b"), ("a", "b"))
    assert (None if chosen is None else list(chosen)) == selected


def test_times_at_the_very_edge() -> None:
    edge = artifact(1, pushed=7, pulled=7)
    for text, is_in in [
        ("keep 7d", True),
        ("delete older than 7d", False),
        ("keep pulled within 7d", True),
        ("keep not pulled within 7d", False),
    ]:
        assert (selector(text).selected(edge, ()) is not None) is is_in, text


def test_counting_tells_at_the_end() -> None:
    newest = selector("keep n: 2")
    for position, days in enumerate((5, 1, 5, 3)):
        assert not newest.keeps(artifact(position, pushed=days), (), position)
    assert sorted(newest.newest()) == [1, 3]


def test_reasons_are_bounded() -> None:
    long = selector("keep " + " ".join([f'tag ~ "{"v" * 200}"'] * 9))
    assert len(long.kept) < TOLD_MAX + 20
    assert long.kept.endswith("…")
