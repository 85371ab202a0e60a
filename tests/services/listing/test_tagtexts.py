"""Words are found in tags as a naive search finds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.services.listing import tagtexts
from entrepot.services.listing.tagtexts import Piece, TagText, Wanted

LETTERS = "ab1.-"
TAGS = st.lists(st.text(LETTERS, min_size=1, max_size=7), max_size=30, unique=True)
WORDS = st.text(LETTERS, min_size=1, max_size=5)


def text_of(tags: list[str]) -> str:
    return ",".join(f"{tag}/{number}" for number, tag in enumerate(tags, 7))


@given(TAGS, WORDS, st.booleans())
def test_a_word_is_found_wherever_it_is(tags: list[str], word: str, ordered: bool) -> None:
    tags = sorted(tags) if ordered else tags
    expected = {number for number, tag in enumerate(tags, 7) if word in tag}
    assert Piece.of(text_of(tags)).find(Wanted.of(word)) == expected


@given(TAGS)
def test_a_tag_is_found_by_each_part_of_it(tags: list[str]) -> None:
    piece = Piece.of(text_of(sorted(tags)))
    for number, tag in enumerate(sorted(tags), 7):
        parts = {tag[a:b] for a in range(len(tag)) for b in range(a + 1, len(tag) + 1)}
        assert all(number in piece.find(Wanted.of(part)) for part in parts)


def test_tags_of_one_manifest_and_many_alike() -> None:
    piece = Piece.of("v1.0/1,v1.1/1,v1.10/2,v1.11/2,x/3")
    assert piece.find(Wanted.of("v1.1")) == {1, 2}
    assert piece.find(Wanted.of(".10")) == {2}
    assert (piece.find(Wanted.of("x")), piece.find(Wanted.of("y"))) == ({3}, set())
    assert piece.size_bytes < 200


def test_all_pieces_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagtexts, "SEARCHED_AT_ONCE", 2)
    text = TagText([Piece.of(f"v{number}/{number}") for number in range(5)], 0)
    assert [*text.find("v")] == [{0, 1}, {2, 3}, {4}]
    assert [*text.find("3")] == [set(), {3}, set()]
    assert [*TagText([], 0).find("3")] == []
    monkeypatch.setattr(tagtexts, "FOUND_AT_ONCE", 1)
    assert [*text.find("v")] == [{0}, {1}, {2}, {3}, {4}]
