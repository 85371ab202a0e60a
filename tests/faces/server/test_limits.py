"""Bounds as pure objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.server.limits import AddressBook, BodyPace, ServerLimits


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="idle_seconds must be more than 0"):
        ServerLimits(idle_seconds=0)
    with pytest.raises(ValueError, match="header_bytes must not be negative"):
        ServerLimits(header_bytes=-1)


def test_tick_is_a_quarter_of_the_shortest() -> None:
    assert ServerLimits().tick_seconds == 0.5
    assert ServerLimits(header_seconds=0.1).tick_seconds == 0.025


@pytest.mark.parametrize(
    "first, second, shared",
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::3", "2001:db8:1:2:4::5", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
    ],
)
def test_addresses(first: str, second: str, shared: bool) -> None:
    book = AddressBook(ServerLimits(connections_per_address_max=1))
    key, within = book.enter(first)
    assert within
    assert book.enter(second)[1] is not shared
    book.leave(key)
    assert book.enter(first)[1] is not shared


def test_loopback_counts_when_not_exempt() -> None:
    book = AddressBook(ServerLimits(connections_per_address_max=1, loopback_exempt=False))
    assert book.enter("127.0.0.1")[1]
    assert not book.enter("127.0.0.1")[1]


def test_no_bound_and_no_address() -> None:
    book = AddressBook(ServerLimits(connections_per_address_max=0))
    assert book.enter("192.0.2.1") == (None, True)
    assert AddressBook(ServerLimits()).enter(None) == (None, True)


@given(st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]), max_size=30))
def test_nothing_stays_when_all_have_left(hosts: list[str]) -> None:
    book = AddressBook(ServerLimits())
    for key, _ in [book.enter(host) for host in hosts]:
        book.leave(key)
    assert book._open == {}


def pace() -> BodyPace:
    return BodyPace(
        ServerLimits(body_rate_min_bytes=10, body_window_seconds=5, body_grace_seconds=2)
    )


def test_pace_counts_only_waiting() -> None:
    one = pace()
    one.wait_begins(0)
    one.wait_ends(4)
    assert not one.too_slow(1000, 0)
    one.wait_begins(1000)
    assert not one.too_slow(1002.9, 0)
    assert one.too_slow(1003, 0)


def test_pace_wants_the_rate_in_every_window() -> None:
    one = pace()
    one.wait_begins(0)
    assert not one.too_slow(7, 50)
    assert not one.too_slow(11.9, 50)
    assert one.too_slow(12, 99)
    assert not one.too_slow(12, 100)
