"""Secrets: what they look like, and how those who look for leaked ones know them."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.credentials import (
    CHANCE_CHARACTERS,
    ID_CHARACTERS,
    Prefix,
    check_chosen,
    chosen_id,
    hash_of,
    is_same,
    make,
    read,
)

HEX = "0123456789abcdef"
IDS = st.text(HEX, min_size=ID_CHARACTERS, max_size=ID_CHARACTERS)
CHANCES = st.text(HEX, min_size=CHANCE_CHARACTERS, max_size=CHANCE_CHARACTERS)
PREFIXES = st.sampled_from(Prefix)
ONE = make(Prefix.ROBOT, "0123456789abcdef", "a" * 64)


def test_the_form_that_is_documented() -> None:
    body, check = ONE[:-8], ONE[-8:]
    assert re.fullmatch(r"ep[rtc]_[0-9a-f]{88}", ONE)
    assert f"{zlib.crc32(body.encode()):08x}" == check == "435e8878"


@given(PREFIXES, IDS, CHANCES)
def test_what_was_made_is_read(prefix: Prefix, public_id: str, chance: str) -> None:
    secret = make(prefix, public_id, chance)
    assert read(secret) == (prefix, public_id)
    assert is_same(secret, hash_of(secret))
    assert len(hash_of(secret)) == 32


@given(PREFIXES, IDS, CHANCES, st.data())
def test_one_character_changed_is_no_secret(
    prefix: Prefix, public_id: str, chance: str, data: st.DataObject
) -> None:
    secret = make(prefix, public_id, chance)
    at = data.draw(st.integers(0, len(secret) - 1))
    other = data.draw(st.sampled_from(HEX).filter(lambda one: one != secret[at]))
    changed = secret[:at] + other + secret[at + 1 :]
    assert read(changed) is None
    assert not is_same(changed, hash_of(secret))


@pytest.mark.parametrize(
    "text",
    ["", "password", ONE.upper(), f" {ONE}", f"{ONE}\n", ONE[:-1], ONE + "0", "epx" + ONE[3:]],
)
def test_what_is_no_secret(text: str) -> None:
    assert read(text) is None


@given(st.text(max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert read(text) is None


def test_a_robot_has_one_chosen_secret_at_most() -> None:
    assert chosen_id("robot$ci") == chosen_id("robot$ci") != chosen_id("robot$other")
    assert len(chosen_id("robot$ci")) == ID_CHARACTERS


@pytest.mark.parametrize(
    "secret, word",
    [
        ("Made4Tests-only", None),
        ("epr_Made4Tests", "looks like"),
        ("made4tests", "upper-case"),
        ("Sh0rt", "characters"),
        ("Robot$ci1", "first that are tried"),
    ],
)
def test_chosen_secrets(secret: str, word: str | None) -> None:
    wrong = check_chosen(secret, "robot$ci")
    assert (wrong is None) if word is None else (wrong is not None and word in wrong.message)
