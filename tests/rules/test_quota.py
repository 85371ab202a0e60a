"""Quotas and their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.quota import (
    SIZE_MAX,
    UNLIMITED,
    Limit,
    Usage,
    human,
    parse_size,
    refusal,
    room_bytes,
    warning,
)

WHOSE = "project app"
MIB = 1 << 20
SIZES = st.integers(0, 1 << 50)
LIMITS = st.builds(Limit, st.none() | SIZES, st.none() | SIZES)
USAGES = st.builds(Usage, SIZES, SIZES)


def test_harbors_words_with_a_cure() -> None:
    fault = refusal(Usage(int(8.3 * MIB)), Limit(10 * MIB), WHOSE, added_bytes=int(2.1 * MIB))
    assert fault is not None
    assert fault.code is Code.DENIED
    assert fault.message == (
        "Quota exceeded when processing the request of adding 2.1 MiB of storage resource, which "
        "when updated to current usage of 8.3 MiB will exceed the configured upper limit of "
        "10.0 MiB: delete what project app no longer needs, or ask an administrator for more"
    )


def test_manifests_are_counted() -> None:
    fault = refusal(Usage(0, 2), Limit(None, 2), WHOSE, added_manifests=1)
    assert fault is not None
    assert "adding 1 of count resource" in fault.message
    assert refusal(Usage(0, 1), Limit(None, 2), WHOSE, added_manifests=1) is None


def test_a_limit_may_be_filled_to_its_last_byte() -> None:
    assert refusal(Usage(6), Limit(10), WHOSE, added_bytes=4) is None
    assert refusal(Usage(6), Limit(10), WHOSE, added_bytes=5) is not None


@given(USAGES, LIMITS, SIZES, SIZES)
def test_a_refusal_is_just_what_would_go_beyond(
    usage: Usage, limit: Limit, size: int, count: int
) -> None:
    fault = refusal(usage, limit, WHOSE, added_bytes=size, added_manifests=count)
    most = limit.max_bytes
    beyond = most is not None and size > 0 and usage.used_bytes + size > most
    most = limit.max_manifests
    beyond = beyond or (most is not None and count > 0 and usage.manifests + count > most)
    assert (fault is not None) == beyond


@given(USAGES, LIMITS, SIZES)
def test_what_fits_into_the_room_is_not_refused(usage: Usage, limit: Limit, size: int) -> None:
    room = room_bytes(usage, limit)
    refused = refusal(usage, limit, WHOSE, added_bytes=size) is not None
    assert refused == (room is not None and size > max(0, room))
    assert room is None or room >= 0


@given(USAGES, LIMITS)
def test_adding_nothing_always_passes(usage: Usage, limit: Limit) -> None:
    assert refusal(usage, limit, WHOSE) is None
    assert refusal(usage, UNLIMITED, WHOSE, added_bytes=1, added_manifests=1) is None


def test_a_warning_comes_from_its_threshold_on() -> None:
    limit = Limit(100 * MIB, 100)
    assert warning(Usage(84 * MIB, 84), limit, WHOSE) is None
    told = warning(Usage(85 * MIB, 84), limit, WHOSE)
    assert told is not None
    assert told.startswith("project app uses 85.0 MiB of 100.0 MiB of storage: ")
    told = warning(Usage(85 * MIB, 90), limit, WHOSE)
    assert told is not None
    assert "and 90 of 100 manifests" in told
    assert warning(Usage(50 * MIB), limit, WHOSE, 0.5) is not None
    assert warning(Usage(1 << 60, 1 << 60), UNLIMITED, WHOSE) is None
    assert warning(Usage(), Limit(0, 0), WHOSE) is None


@pytest.mark.parametrize(
    "size, text",
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (330 * MIB + 104858, "330.1 MiB"),
        (1 << 30, "1.0 GiB"),
        (1 << 60, "1.0 EiB"),
        (1 << 70, "1024.0 EiB"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert human(size) == text


@pytest.mark.parametrize(
    "text, size",
    [
        ("0", 0),
        ("4096", 4096),
        ("4096B", 4096),
        ("100GB", 100 * 10**9),
        ("10GiB", 10 << 30),
        ("1.5 GiB", 3 << 29),
        ("10gib", 10 << 30),
        ("2M", 2 * 10**6),
        (" 1k ", 1000),
        ("-1", None),
        ("unlimited", None),
    ],
)
def test_sizes_by_people(text: str, size: int | None) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "-2", "1.5", "10iB", "10 G i B", "1e3", "9EiB", "٣GB", "1,5GB", "10GBB"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(Fault, match="cannot be a quota"):
        parse_size(text)


@given(st.text(alphabet="0123456789.- KMGTPEiBunlmted", max_size=24))
def test_parsing_is_total(text: str) -> None:
    try:
        size = parse_size(text)
    except Fault:
        return
    assert size is None or 0 <= size <= SIZE_MAX
