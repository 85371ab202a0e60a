"""Queries and orders, as clients write them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.queries import (
    CHOICES_MAX,
    TERMS_MAX,
    TEXT_MAX,
    AllOf,
    Exact,
    Filter,
    Fuzzy,
    OneOf,
    Order,
    Range,
    moments,
    parse_orders,
    parse_query,
    words,
)

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()
SAFE = st.text(st.sampled_from("abcXYZ019-_./:@*$ü"), min_size=1, max_size=12)
FILTERS = st.one_of(
    SAFE.map(Exact),
    SAFE.map(Fuzzy),
    st.tuples(SAFE, st.none() | SAFE).map(lambda ends: Range(*ends)),
    SAFE.map(lambda high: Range(None, high)),
    st.lists(SAFE, min_size=1, max_size=5).map(lambda values: OneOf(tuple(values))),
    st.lists(SAFE, min_size=1, max_size=5).map(lambda values: AllOf(tuple(values))),
)


def written(wanted: Filter) -> str:
    match wanted:
        case Exact(value):
            return value
        case Fuzzy(value):
            return f"~{value}"
        case Range(low, high):
            return f"[{low or ''}~{high or ''}]"
        case OneOf(values):
            return f"{{{' '.join(values)}}}"
        case AllOf(values):
            return f"({' '.join(values)})"


def escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize(
    "text, found",
    [
        ("", {}),
        (" ", {}),
        ("name=api", {"name": Exact("api")}),
        ("name=~conf,public=false", {"name": Fuzzy("conf"), "public": Exact("false")}),
        ("tags=nil", {"tags": Exact("nil")}),
        ("tags%3Dnil", {"tags": Exact("nil")}),
        ("name=100%", {"name": Exact("100%")}),
        ("a=b=c", {"a": Exact("b=c")}),
        ("a=1,a=2", {"a": Exact("2")}),
        ("name=~", {"name": Fuzzy("")}),
        ('name=" x "', {"name": Exact(" x ")}),
        ("id={1 2  3}", {"id": OneOf(("1", "2", "3"))}),
        ("labels=(1 2)", {"labels": AllOf(("1", "2"))}),
        ("size=[~9]", {"size": Range(None, "9")}),
        ("size=[1~]", {"size": Range("1", None)}),
    ],
)
def test_queries(text: str, found: dict[str, Filter]) -> None:
    assert parse_query(text) == found


@pytest.mark.parametrize("text", ["name", "name=", "=x", "a=b,", ",", "name%3D", " =x"])
def test_what_lacks_key_or_value_is_refused_in_the_words_that_clients_know(text: str) -> None:
    with pytest.raises(Fault) as refused:
        parse_query(text)
    assert refused.value.code is Code.REQUEST_INVALID
    message = 'the query string must contain "=" and the key/value cannot be empty'
    assert refused.value.message == message


@pytest.mark.parametrize(
    "text",
    [
        *("a=[1]", "a=[1~2", "a=[~]", "a=[1~2~3]", "a={}", "a={", "a=(", "a=(1 2}", "a=[", "a=[]"),
        "a={" + "x " * (CHOICES_MAX + 1) + "}",
        ",".join(["a=b"] * (TERMS_MAX + 1)),
        "a=" + "b" * TEXT_MAX,
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Fault) as refused:
        parse_query(text)
    assert refused.value.code is Code.REQUEST_INVALID


@given(st.dictionaries(st.sampled_from(["name", "tags", "op_time"]), FILTERS), st.booleans())
def test_what_was_written_is_read(filters: dict[str, Filter], again: bool) -> None:
    text = ",".join(f"{key}={written(value)}" for key, value in filters.items())
    assert parse_query(escaped(text) if again else text) == filters


@given(st.text(st.sampled_from('ab=~,[]{}() %2C"-+\x00é'), max_size=40) | st.text())
def test_nothing_is_raised_but_a_refusal(text: str) -> None:
    assert _code(lambda: parse_query(text)) in (None, Code.REQUEST_INVALID)
    assert _code(lambda: parse_orders(text)) in (None, Code.REQUEST_INVALID)


@pytest.mark.parametrize(
    "text, found",
    [
        ("", ()),
        ("name", (Order("name"),)),
        ("a,-b", (Order("a"), Order("b", descending=True))),
        ("-,, a %2C", (Order("a"),)),
    ],
)
def test_orders(text: str, found: tuple[Order, ...]) -> None:
    assert parse_orders(text) == found


def test_orders_are_bounded() -> None:
    with pytest.raises(Fault):
        parse_orders(",".join("a" * (TERMS_MAX + 1)))


@pytest.mark.parametrize(
    "wanted, found",
    [
        (Range("2026-10-01 12:00:00", None), (NOON, None)),
        (Range(None, "2026-10-01T12:00:00Z"), (None, NOON)),
        (Range("2026-10-01T14:00:00+02:00", "2026-10-01 12:00:01"), (NOON, NOON + 1)),
        (Exact("2026-10-01T12:00:00Z"), (NOON, NOON)),
    ],
)
def test_times(wanted: Filter, found: tuple[float | None, float | None]) -> None:
    assert moments(wanted) == found


@pytest.mark.parametrize(
    "wanted", [Range("2h ago", None), Range("now", None), Range("2026-99-01", None), Fuzzy("x")]
)
def test_what_is_no_time_is_refused(wanted: Filter) -> None:
    with pytest.raises(Fault) as refused:
        moments(wanted)
    assert refused.value.code is Code.REQUEST_INVALID


@given(FILTERS)
def test_words_are_those_that_are_named(wanted: Filter) -> None:
    found = words(wanted)
    assert bool(found) != isinstance(wanted, Range)
    assert all(word in written(wanted) for word in found)


@given(st.one_of(FILTERS, st.text().map(Exact), st.text().map(lambda t: Range(t, None))))
def test_times_raise_nothing_but_a_refusal(wanted: Filter) -> None:
    assert _code(lambda: moments(wanted)) in (None, Code.REQUEST_INVALID)


def _code(parse: Callable[[], object]) -> Code | None:
    """Return the code of the refusal; anything else that is raised goes on."""
    try:
        parse()
    except Fault as fault:
        return fault.code
    return None
