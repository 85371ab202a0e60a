import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.federation.claims import (
    SHOWN_MAX,
    TOKEN_MAX_CHARACTERS,
    VALUES_MAX,
    challenge_of,
    claim,
    claimed_issuer,
    shown,
    texts,
)
from tests import issuers

CLAIMS: dict[str, Any] = {
    "sub": "x",
    "https://example.com/groups": ["a"],
    "a.b": 1,
    "kubernetes.io": {"namespace": "ci", "pod/name": "p", "t~": "t", "": "empty"},
}


@pytest.mark.parametrize(
    "name,expected",
    [
        ("sub", "x"),
        ("https://example.com/groups", ["a"]),
        ("a.b", 1),
        ("/a.b", 1),
        ("/kubernetes.io/namespace", "ci"),
        ("/kubernetes.io/pod~1name", "p"),
        ("/kubernetes.io/t~0", "t"),
        ("/kubernetes.io/", "empty"),
        ("kubernetes.io/namespace", None),
        ("/kubernetes.io/namespace/x", None),
        ("/kubernetes.io/other", None),
        ("/https:~1~1example.com~1groups/0", None),
        ("/", None),
        ("none", None),
    ],
)
def test_names(name: str, expected: Any) -> None:
    assert claim(CLAIMS, name) == expected


@pytest.mark.parametrize(
    "value,expected",
    [
        ("x", ("x",)),
        ("", ("",)),
        (True, ("true",)),
        (False, ("false",)),
        (7, ("7",)),
        (1.5, ()),
        (None, ()),
        ({"x": 1}, ()),
        (["a", 1, None, ["b"], {"c": 1}], ("a", "1")),
        ([], ()),
    ],
)
def test_texts(value: Any, expected: tuple[str, ...]) -> None:
    assert texts(value) == expected


def test_texts_of_many() -> None:
    assert len(texts(["x"] * (VALUES_MAX + 1))) == VALUES_MAX


@given(st.one_of(st.text(), st.binary(), st.lists(st.text())))
def test_shown(value: Any) -> None:
    found = shown(value)
    assert found.isprintable()
    assert len(found) <= SHOWN_MAX + 1


def test_claimed_issuer() -> None:
    key = issuers.new_key()
    claims = {"iss": "https://issuer.example"}
    assert claimed_issuer(issuers.signed(claims, key, {"alg": "ES256"})) == claims["iss"]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        "a.e30.c",
        "a.W10.c",
        "a.eyJpc3MiOjd9.c",
        "a.ä.c",
        "a.b.c.d",
        f"a.{'x' * TOKEN_MAX_CHARACTERS}.c",
    ],
)
def test_nobodys_token(token: str) -> None:
    assert claimed_issuer(token) == ""


@given(st.text())
def test_any_text_is_no_harm(text: str) -> None:
    assert claimed_issuer(text) == claimed_issuer(f"a.{json.dumps(text)}.c") == ""


def test_challenge() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
