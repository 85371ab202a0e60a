import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.oci.ranges import RANGES_MAX, Span, Unsatisfiable, parse_content_range, parse_range
from tests.oci.faults import code_of, value_of

SIZES = st.integers(0, 10_000)
NUMBERS = st.one_of(st.integers(0, 12_000), st.integers(0, 2**63))
SPECS = st.one_of(
    st.builds("{}-{}".format, NUMBERS, NUMBERS),
    st.builds("{}-".format, NUMBERS),
    st.builds("-{}".format, NUMBERS),
)
HEADERS = st.lists(SPECS, min_size=1, max_size=5).map(lambda specs: "bytes=" + ",".join(specs))


def spans_of(header: str, size_bytes: int) -> tuple[Span, ...] | None:
    try:
        return parse_range(header, size_bytes)
    except Unsatisfiable:
        return ()


@given(st.one_of(HEADERS, st.text(), st.text(alphabet="bytes=-,0123 \t")), SIZES)
@example("bytes=0-0", 0)
@example("bytes=-0", 5)
@example("bytes=-", 5)
@example("bytes=,", 5)
@example("bytes=²-³", 5)
@example("bytes=٠-٣", 5)
def test_every_span_lies_inside_the_content(header: str, size_bytes: int) -> None:
    for span in spans_of(header, size_bytes) or ():
        assert span.length > 0
        assert 0 <= span.offset <= span.last < size_bytes


@given(st.lists(SPECS, min_size=1, max_size=5), st.integers(1, 10_000))
def test_each_range_is_cut_to_the_content_or_left_out(specs: list[str], size_bytes: int) -> None:
    content = range(size_bytes)
    expected = []
    for spec in specs:
        first, _, last = spec.partition("-")
        if not first:
            wanted = content[max(0, size_bytes - int(last)) :]
        else:
            wanted = content[int(first) : int(last) + 1 if last else None]
        if wanted:
            expected.append(Span(wanted[0], len(wanted)))
    assert spans_of("bytes=" + ",".join(specs), size_bytes) == tuple(expected)


@pytest.mark.parametrize(
    "header, spans",
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-99", [(0, 10)]),
        ("bytes=3-", [(3, 7)]),
        ("bytes=9-9", [(9, 1)]),
        ("bytes=-3", [(7, 3)]),
        ("bytes=-99", [(0, 10)]),
        ("BYTES=0-1", [(0, 2)]),
        ("bytes=0-1, 4-5 ,\t8-", [(0, 2), (4, 2), (8, 2)]),
        ("bytes=4-5,0-1,4-5", [(4, 2), (0, 2), (4, 2)]),
        ("bytes=0-1,20-30", [(0, 2)]),
        ("bytes=0-1,5-4", [(0, 2)]),
    ],
)
def test_what_is_served(header: str, spans: list[tuple[int, int]]) -> None:
    assert parse_range(header, 10) == tuple(Span(*span) for span in spans)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=0-1,x",
        "items=0-1",
        "bytes=0-1,",
        "bytes=+1-2",
        "bytes=1 -2",
        "bytes=\xa00-1",
        "bytes=" + "9" * 20 + "-",
        "0-1",
    ],
)
def test_what_is_ignored(header: str) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=5-4,11-12"])
def test_what_cannot_be_served(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 10)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_no_range_of_nothing(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 0)


def test_the_most_ranges() -> None:
    most = "bytes=" + ",".join(["0-0"] * RANGES_MAX)
    assert len(parse_range(most, 10) or ()) == RANGES_MAX
    for more in (most + ",0-0", most + ",0-0" * 2, "bytes=" + "," * 1_000_000):
        assert code_of(lambda header=more: parse_range(header, 10)) is Code.RANGE_INVALID  # type: ignore[misc]


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_a_content_range(first: int, last: int) -> None:
    span = value_of(lambda: parse_content_range(f"{first}-{last}"))
    if first <= last:
        assert span == Span(first, last - first + 1)
        assert span.last == last
        assert parse_content_range(f"bytes {first}-{last}/*") == span
        assert parse_content_range(f" bytes {first}-{last}/{last + 1} ") == span
    else:
        assert span is None


@pytest.mark.parametrize(
    "header", ["", "-", "0-", "-1", "a-b", "1-0", "0-1/2", "bytes=0-1", "0 - 1", "٠-٣", "0-1\n"]
)
def test_what_is_no_content_range(header: str) -> None:
    assert code_of(lambda: parse_content_range(header)) is Code.RANGE_INVALID


@given(st.text())
def test_a_content_range_raises_nothing_but_faults(header: str) -> None:
    value_of(lambda: parse_content_range(header))
