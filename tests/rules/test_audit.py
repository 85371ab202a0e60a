"""What callers choose cannot forge a line, nor turn or fill the log."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.audit import DETAIL_MAX_BYTES, clean, details, resource_of

WILD = st.text(st.characters(codec=None))
VALUES = st.one_of(st.none(), st.integers(-(2**60), 2**60), st.text(), st.lists(st.text()))


@given(WILD, st.integers(16, 600))
def test_a_text_is_printable_and_bounded(text: str, most: int) -> None:
    written = clean(text, most)
    assert written.isprintable()
    assert len(written) <= most
    written.encode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=512))
def test_what_is_harmless_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "text, written",
    [
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("gpj\u202e.exe", "gpj\\u202e.exe"),
        ("a\u2028b\u0085c", "a\\u2028b\\x85c"),
        ("\ud800", "\\ud800"),
        ("Zoë 漢", "Zoë 漢"),
    ],
)
def test_what_turns_or_ends_a_line_is_escaped(text: str, written: str) -> None:
    assert clean(text) == written


def test_no_escape_is_cut_in_its_middle() -> None:
    assert clean("abcdefgh\u202e\u202e", 16) == "abcdefgh\\u202e…"
    assert clean("\n" * 600) == "\\n" * 255 + "…"


@given(st.dictionaries(st.text(), VALUES))
def test_a_detail_is_printable_bounded_json(facts: dict[str, object]) -> None:
    text = details(facts)
    assert text.isprintable()
    assert len(text.encode()) <= DETAIL_MAX_BYTES
    read = msgspec.json.decode(text)
    assert read == facts or read["cut"] is True


def test_a_long_value_is_cut_and_the_others_stay() -> None:
    read = msgspec.json.decode(details({"kind": "naming", "document": "x" * 70_000, "n": 3}))
    assert read["kind"] == "naming"
    assert read["n"] == 3
    assert read["cut"] is True
    assert len(read["document"]) < 300
    many = msgspec.json.decode(details({f"key{n}": "y" * 200 for n in range(100)}))
    assert len(many["fields"]) == 40


def test_a_bidi_override_in_a_detail_is_escaped_and_read_back() -> None:
    text = details({"reason": "a\u202eb\U000e0001", "\u2066": 1})
    assert "\\u202e" in text
    assert msgspec.json.decode(text) == {"reason": "a\u202eb\U000e0001", "\u2066": 1}


def test_a_resource_is_said_as_clients_say_it() -> None:
    assert resource_of("app", {"tag": "v1", "digest": "sha256:ab"}) == "app:v1"
    assert resource_of("app", {"tags": ["v1"], "digest": "sha256:ab"}) == "app:v1"
    assert resource_of("app", {"tags": ["v1", "v2"], "digest": "sha256:ab"}) == "app@sha256:ab"
    assert resource_of("app", {}) == "app"
    assert resource_of("", {"digest": "sha256:ab"}) == ""
