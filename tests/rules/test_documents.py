"""Policy documents and their errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.documents import read, refused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_document_that_fits_is_read() -> None:
    assert read([{"a": 1}], list[dict[str, int]], "test") == [{"a": 1}]


def test_the_error_names_policy_and_place() -> None:
    with pytest.raises(Fault, match=r"the test document is not right: .*\$\[0\]") as caught:
        read([{"a": "x"}], list[dict[str, int]], "test")
    assert caught.value.code is Code.REQUEST_INVALID
    assert refused("test", "cause").detail == {"what": "test"}


@given(JSON)
def test_each_value_is_read_or_refused(document: object) -> None:
    try:
        assert isinstance(read(document, dict[str, int], "test"), dict)
    except Fault as fault:
        if fault.code is not Code.REQUEST_INVALID:
            raise
