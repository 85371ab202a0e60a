import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code
from entrepot.oci.reference import TAG_LENGTH_MAX, Tag, fallback_tag, parse_reference
from tests.oci.faults import code_of, fault_of, value_of

TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)


@given(TAGS)
def test_a_tag_of_the_grammar(text: str) -> None:
    tag = Tag.parse(text)
    assert type(tag) is Tag
    assert tag == text
    assert parse_reference(text) == tag
    assert type(parse_reference(text)) is Tag


@pytest.mark.parametrize(
    "text", ["", ".a", "-a", "a b", "a\n", "a/b", "a@b", "é", "a" * 129, "a" * 1_000_000, "٣"]
)
def test_what_is_no_tag(text: str) -> None:
    fault = fault_of(lambda: Tag.parse(text))
    assert fault is not None
    assert fault.code is Code.TAG_INVALID
    assert fault.detail == {"tag": text[:TAG_LENGTH_MAX]}


@given(st.binary(), st.sampled_from(["sha256", "sha512"]))
def test_a_digest_is_a_reference(data: bytes, algorithm: str) -> None:
    digest = Digest.of(data, algorithm)
    parsed = parse_reference(str(digest))
    assert parsed == digest
    assert type(parsed) is Digest


@given(st.text())
def test_a_colon_makes_a_digest(text: str) -> None:
    parsed = value_of(lambda: parse_reference(text))
    if parsed is None:
        expected = Code.DIGEST_INVALID if ":" in text else Code.TAG_INVALID
        assert code_of(lambda: parse_reference(text)) is expected
    else:
        assert parsed == text
        assert type(parsed) is (Digest if ":" in text else Tag)


@given(st.binary(), st.sampled_from(["sha256", "sha512"]), st.sampled_from(["", ".sig", ".att"]))
def test_fallback_tags_are_tags_of_the_system(data: bytes, algorithm: str, suffix: str) -> None:
    digest = Digest.of(data, algorithm)
    tag = fallback_tag(digest)
    assert Tag.parse(str(tag)) == tag
    assert tag == f"{algorithm}-{digest.encoded[:64]}"
    assert Tag.parse(tag + suffix).is_system


@pytest.mark.parametrize(
    "text",
    [
        "latest",
        "sha256",
        "sha256-",
        "sha256-abc",
        "sha256-" + "0" * 63,
        "sha256-" + "0" * 65,
        "sha256-" + "A" * 64,
        "sha512-" + "0" * 63,
        "x-sha256-" + "0" * 64,
        "sha256-" + "0" * 64 + ".",
        "sha256-" + "0" * 64 + ".v1",
    ],
)
def test_people_s_tags_are_not_of_the_system(text: str) -> None:
    assert not Tag.parse(text).is_system
