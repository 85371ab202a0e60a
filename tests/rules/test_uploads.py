"""Where a chunk may start (I6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.oci.ranges import Span
from entrepot.rules.uploads import check_chunk, range_header

SIZES = st.integers(0, 1 << 40)


@given(SIZES, st.none() | SIZES)
def test_a_chunk_without_a_range_is_appended(offset: int, length: int | None) -> None:
    assert check_chunk(None, length, offset) is None


@given(SIZES, SIZES, st.integers(1, 1 << 20))
def test_i6_a_chunk_starts_where_the_upload_stands(start: int, offset: int, length: int) -> None:
    refusal = check_chunk(Span(start, length), length, offset)
    assert (refusal is None) == (start == offset)
    assert refusal is None or refusal.code is Code.RANGE_INVALID


@given(SIZES, st.integers(1, 1 << 20), st.integers(1, 1 << 20))
def test_the_range_and_the_length_agree(offset: int, named: int, sent: int) -> None:
    refusal = check_chunk(Span(offset, named), sent, offset)
    assert (refusal is None) == (named == sent)
    assert refusal is None or refusal.code is Code.SIZE_INVALID


@pytest.mark.parametrize("offset, text", [(0, "0-0"), (1, "0-0"), (2, "0-1"), (100, "0-99")])
def test_the_range_header_is_one_that_dockerd_can_parse(offset: int, text: str) -> None:
    assert range_header(offset) == text
