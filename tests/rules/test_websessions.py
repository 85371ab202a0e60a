"""Ids and ends of browsers' sessions."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.websessions import (
    IDLE_SECONDS,
    LIFE_SECONDS,
    TOKEN_LENGTH,
    csrf_token,
    id_hash,
    is_csrf_token,
    is_over,
    join_id,
    split_id,
)

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
TOKENS = st.binary(min_size=TOKEN_LENGTH // 2, max_size=TOKEN_LENGTH // 2).map(bytes.hex)


@given(NAMES, TOKENS)
def test_an_id_says_whose_it_is_and_fits_into_a_cookie(name: str, token: str) -> None:
    session_id = join_id(name, token)
    assert split_id(session_id) == (name, token)
    assert session_id.isascii()
    assert not set(session_id) & set(' ",;\\=')


@given(st.text(max_size=300))
def test_anything_may_be_sent_as_a_cookie(text: str) -> None:
    found = split_id(text)
    if found is not None:
        assert len(found[1]) == TOKEN_LENGTH
    is_csrf_token("id", text)


def test_what_is_no_id_is_nobody_s() -> None:
    token = "a" * TOKEN_LENGTH
    for text in ("", ".", f".{token}", "YQ", f"YQ.{token}b", f"Y.{token}", f"YQ.{token[:-1]}é"):
        assert split_id(text) is None, text
    assert split_id(join_id("x" * 300, token)) is None


@given(NAMES, TOKENS, st.floats(0, 2e9), st.floats(0, 2e9))
def test_a_changed_account_has_other_hashes(
    name: str, token: str, before: float, after: float
) -> None:
    same = id_hash(name, token, before) == id_hash(name, token, after)
    assert same == (repr(before) == repr(after))
    assert token not in id_hash(name, token, before)


def test_a_csrf_token_is_one_session_s() -> None:
    assert is_csrf_token("one", csrf_token("one"))
    assert not is_csrf_token("two", csrf_token("one"))
    assert not is_csrf_token("one", "")


def test_a_session_ends_when_idle_and_when_old() -> None:
    def over(now: float, seen_at: float) -> bool:
        return is_over(now, seen_at=seen_at, expires_at=LIFE_SECONDS)

    assert not over(0.0, 0.0)
    assert not over(IDLE_SECONDS - 1, 0.0)
    assert over(IDLE_SECONDS, 0.0)
    assert not over(LIFE_SECONDS - 1, LIFE_SECONDS - 2)
    assert over(LIFE_SECONDS, LIFE_SECONDS - 2)
