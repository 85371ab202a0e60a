"""Moving aliases."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Fault
from entrepot.oci.reference import Tag
from entrepot.rules.aliases import OFF, Aliases, may_move, moves, parse

ALL = Aliases(minor=True, major=True, latest=True)
VERSIONS = st.sampled_from(
    ["1.2.0", "1.2.1", "1.3.0", "2.0.0", "v1.2.0", "v3.0.0", "2.1.0-rc.1", "1.2.0_b", "dev", "1.2"]
).map(Tag)
CONFIGS = st.builds(Aliases, st.booleans(), st.booleans(), st.booleans())


@pytest.mark.parametrize(
    "tag, existing, expected",
    [
        ("1.2.0", [], "1.2 1 latest"),
        ("1.2.0", ["1.2.0", "1.1.9", "dev", "latest"], "1.2 1 latest"),
        ("1.2.0", ["1.2.1"], ""),
        ("1.2.5", ["1.3.0"], "1.2"),
        ("1.2.5", ["2.0.0"], "1.2 1"),
        ("1.2.5", ["2.0.0-rc.1"], "1.2 1 latest"),
        ("1.10.0", ["1.9.0"], "1.10 1 latest"),
        ("1.2.0_b", ["1.2.0_c"], "1.2 1 latest"),
        ("v1.2.0", ["1.3.0"], "v1.2 v1"),
        ("1.2.0-rc.1", [], ""),
        ("1.2", [], ""),
        ("dev", [], ""),
    ],
)
def test_the_highest_release_takes_its_aliases_along(
    tag: str, existing: list[str], expected: str
) -> None:
    assert " ".join(moves(Tag(tag), existing, ALL)) == expected


def test_only_what_was_asked_for_moves() -> None:
    assert moves(Tag("1.2.0"), [], OFF) == ()
    assert moves(Tag("1.2.0"), [], Aliases(latest=True)) == ("latest",)
    assert not may_move(Tag("1.2.0"), OFF)
    assert may_move(Tag("1.2.0"), ALL)
    assert not may_move(Tag("1.2.0-rc.1"), ALL)


@given(VERSIONS, st.lists(VERSIONS, max_size=4), CONFIGS)
def test_order_does_not_matter_and_more_tags_never_move_more(
    tag: Tag, existing: list[Tag], aliases: Aliases
) -> None:
    moved = moves(tag, existing, aliases)
    for order in permutations(existing):
        assert moves(tag, order, aliases) == moved
    assert set(moved) <= set(moves(tag, existing[1:], aliases))
    assert not moved or may_move(tag, aliases)
    pages = [set(moves(tag, page, aliases)) for page in (existing[:2], existing[2:])]
    assert set(moved) == pages[0] & pages[1]
    assert all(aliases.has(alias) for alias in moved)


@given(st.lists(VERSIONS, min_size=1))
def test_aliases_end_at_the_same_version_in_whatever_order_distinct_releases_come(
    tags: list[Tag],
) -> None:
    def end(order: list[Tag]) -> dict[Tag, Tag]:
        at: dict[Tag, Tag] = {}
        for count, tag in enumerate(order):
            at.update(dict.fromkeys(moves(tag, order[:count], ALL), tag))
        return at

    distinct = sorted({tag for tag in tags if "_" not in tag and not tag.startswith("v")})
    assert end(distinct) == end(distinct[::-1])


def test_what_is_an_alias() -> None:
    assert all(ALL.has(Tag(tag)) for tag in ("latest", "1", "v1", "1.2", "v0.10"))
    assert not any(ALL.has(Tag(tag)) for tag in ("1.2.3", "01", "1.02", "v", "stable"))
    assert not any(OFF.has(Tag(tag)) for tag in ("latest", "1", "1.2"))


def test_the_document() -> None:
    assert parse({"minor": True, "latest": True}) == Aliases(minor=True, latest=True)
    refused: list[object] = [[], {"minor": "yes"}, {"patch": True}]
    for bad in refused:
        with pytest.raises(Fault, match="aliases"):
            parse(bad)
