"""Pages by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.services.listing.spans import LIMIT_MAX, OFFSET_MAX, Span


@given(
    st.lists(st.integers(), max_size=20),
    st.integers(0, 25),
    st.integers(1, 25),
    st.booleans(),
)
def test_a_page_is_cut_out_of_the_whole(
    keys: list[int], offset: int, limit: int, descending: bool
) -> None:
    ordered = keys[::-1] if descending else keys
    span = Span(offset, limit, descending=descending)
    assert list(span.cut(keys)) == ordered[offset : offset + limit]
    start, stop = span.place(5, 5 + len(keys))
    assert (stop - start) == len(ordered[offset : offset + limit])
    assert 5 <= start <= stop <= 5 + len(keys)


@pytest.mark.parametrize(
    "span", [Span(-1), Span(0, 0), Span(0, LIMIT_MAX + 1), Span(OFFSET_MAX + 1)]
)
def test_what_is_no_page_is_refused(span: Span) -> None:
    with pytest.raises(Fault) as refused:
        span.check()
    assert refused.value.code is Code.REQUEST_INVALID


def test_bounds_belong_to_it() -> None:
    Span(OFFSET_MAX, LIMIT_MAX).check()
