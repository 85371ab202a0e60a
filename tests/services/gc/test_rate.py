"""The rate of deletes."""

from entrepot.services.gc.rate import DeleteRate
from tests.services.house import HandClock


async def test_a_batch_is_what_one_second_allows() -> None:
    assert DeleteRate(HandClock(), 10.0).batch(64) == 10
    assert DeleteRate(HandClock(), 0.5).batch(64) == 1
    assert DeleteRate(HandClock(), 1e6).batch(64) == 64


async def test_time_that_was_spent_elsewhere_counts() -> None:
    clock = HandClock(0.0)
    rate = DeleteRate(clock, 10.0)
    await rate.take(10)
    assert clock.now() == 0.0
    clock.seconds += 0.25
    await rate.take(10)
    assert clock.now() == 1.0
    clock.seconds += 100.0
    await rate.take(10)
    assert clock.now() == 101.0, "no burst is saved up"
    await rate.take(10)
    assert clock.now() == 102.0


async def test_a_clock_that_was_set_back_does_not_stop_it() -> None:
    clock = HandClock(1e9)
    rate = DeleteRate(clock, 10.0)
    await rate.take(10)
    clock.seconds = 0.0
    await rate.take(10)
    await rate.take(10)
    assert clock.now() <= 2.0
