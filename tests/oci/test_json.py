import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXT),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)),
    max_leaves=20,
)


@given(VALUES)
def test_it_reads_back(value: object) -> None:
    assert json.loads(encode(value)) == value


def test_our_strings_are_strings() -> None:
    digest = Digest.of(b"")
    value = {digest: [digest, RepositoryName.parse("a/b"), {"tag": Tag.parse("latest")}]}
    assert json.loads(encode(value)) == {str(digest): [str(digest), "a/b", {"tag": "latest"}]}


def test_it_is_compact() -> None:
    assert encode({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()


def test_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        encode([object()])
