"""What befalls packets between the two ends of a line."""

import json
import os
from collections.abc import Iterator

import pytest

from tools.fleet.relay import WAITING_MAX_PACKETS, Line, Packets


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """To read from, and to write to."""
    pair = os.pipe()
    os.set_blocking(pair[0], False)
    yield pair
    for end in pair:
        os.close(end)


def test_they_arrive_late_and_in_order(ends: tuple[int, int]) -> None:
    packets = Packets(Line(delay_seconds=1.0, jitter_seconds=0.9))
    for number in range(10):
        packets.take(b"%d" % number, ends[1], now=number / 100)
    rest = packets.deliver(0.1)
    assert rest is not None
    assert rest > 0
    assert packets.deliver(3.0) is None
    assert os.read(ends[0], 100) == b"0123456789"


def test_all_are_lost_in_a_partition(ends: tuple[int, int]) -> None:
    packets = Packets(Line(loss=1.0))
    packets.take(b"x", ends[1], now=0.0)
    assert packets.deliver(10.0) is None
    with pytest.raises(BlockingIOError):
        os.read(ends[0], 1)


def test_not_more_wait_than_may() -> None:
    packets = Packets(Line(delay_seconds=1.0))
    for _ in range(WAITING_MAX_PACKETS + 5):
        packets.take(b"x", 1, now=0.0)
    assert len(packets.waiting) == WAITING_MAX_PACKETS


def test_it_obeys_the_last_line() -> None:
    line = Line()
    line.obey(b"".join(json.dumps({"loss": loss}).encode() + b"\n" for loss in (1.0, 0.25)))
    assert line == Line(loss=0.25)
