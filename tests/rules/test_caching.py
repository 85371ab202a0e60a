"""What a cache keeps: its bounds, and who stays when all is looked through."""

import random
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.caching import (
    PAYING_PART,
    SMALL_WHOLE_BYTES,
    Asked,
    S3Fifo,
    whole_pays,
)

CAPACITY = 1000
KEYS = st.integers(0, 12)
SIZES = st.integers(1, 400)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), KEYS, SIZES),
        st.tuples(st.just("ask"), KEYS, SIZES),
        st.tuples(st.just("promise"), KEYS, SIZES),
        st.tuples(st.just("settle"), KEYS, SIZES),
        st.tuples(st.just("release"), KEYS, SIZES),
        st.tuples(st.just("remove"), KEYS, SIZES),
        st.tuples(st.just("restore"), KEYS, SIZES),
        st.tuples(st.just("shrink"), KEYS, SIZES),
    ),
    max_size=80,
)


@dataclass
class Model:
    """What is there, by what the policy said; sizes by key."""

    policy: S3Fifo[int] = field(default_factory=lambda: S3Fifo(CAPACITY, entries_max=8))
    there: dict[int, int] = field(default_factory=dict)
    promised: dict[int, int] = field(default_factory=dict)

    def apply(self, verb: str, key: int, size: int) -> None:
        getattr(self, verb)(key, size)
        assert {key for key in range(13) if key in self.policy} == set(self.there)
        assert len(self.policy) == len(self.there)
        assert set(self.policy.main()) <= set(self.there)
        used = sum(self.there.values()) + sum(self.promised.values())
        assert self.policy.used_bytes == used <= CAPACITY
        assert len(self.there) <= 8

    def ask(self, key: int, size: int) -> None:
        if key in self.there:
            self.policy.hit(key)
        elif key not in self.promised:
            self.promise(key, size)
            self.settle(key, size)

    def promise(self, key: int, size: int) -> None:
        if key in self.there or key in self.promised:
            return
        evicted = self.policy.reserve(key, size)
        if evicted is not None:
            for each in evicted:
                del self.there[each]
            self.promised[key] = size

    def settle(self, key: int, _: int) -> None:
        if key in self.promised:
            self.policy.settle(key)
            self.there[key] = self.promised.pop(key)

    def release(self, key: int, _: int) -> None:
        if key in self.promised:
            self.policy.release(key)
            del self.promised[key]

    def remove(self, key: int, _: int) -> None:
        self.policy.remove(key)
        self.there.pop(key, None)

    def restore(self, key: int, size: int) -> None:
        is_new = key not in self.there and key not in self.promised
        if is_new and self.policy.restore(key, size, is_main=bool(size % 2)):
            self.there[key] = size

    def shrink(self, _: int, size: int) -> None:
        before = sum(self.there.values())
        for each in self.policy.shrink(size):
            del self.there[each]
        assert not self.there or before - sum(self.there.values()) >= size


@given(STEPS)
def test_it_agrees_with_a_dict_and_never_holds_too_much(steps: list[tuple[str, int, int]]) -> None:
    model = Model()
    for step in steps:
        model.apply(*step)


def ask(policy: S3Fifo[object], key: object, size: int = 10) -> bool:
    """Ask for it, let it in if it may; whether it was there."""
    if key in policy:
        policy.hit(key)
        return True
    if policy.reserve(key, size) is not None:
        policy.settle(key)
    return False


def test_a_look_through_everything_leaves_what_is_asked_for_again() -> None:
    policy: S3Fifo[object] = S3Fifo(1000)
    hot = [f"hot-{number}" for number in range(80)]
    for _ in range(4):
        for name in hot:
            ask(policy, name)
    for number in range(10_000):
        ask(policy, number)
    assert all(name in policy for name in hot)


def test_what_was_asked_for_once_does_not_push_out_itself_asked_again() -> None:
    policy: S3Fifo[object] = S3Fifo(1000)
    for number in range(150):
        ask(policy, number)
    assert 0 not in policy
    assert not ask(policy, 0)  # remembered by name: it comes in proved
    for number in range(1000, 1150):
        ask(policy, number)
    assert 0 in policy


def test_one_larger_than_the_short_queue_comes_in_when_asked_for_again() -> None:
    policy: S3Fifo[object] = S3Fifo(1000)
    assert policy.reserve("into an empty one", 300) == ()
    policy.settle("into an empty one")
    for number in range(70):
        ask(policy, number)
    assert policy.reserve("large", 200) is None
    assert policy.reserve("large", 200)
    policy.release("large")
    assert policy.reserve("huge", 501) is None
    assert policy.reserve("huge", 501) is None
    assert policy.reserve("impossible", 1001) is None


def test_promises_are_never_evicted_and_take_no_proved_room() -> None:
    policy: S3Fifo[object] = S3Fifo(1000)
    for number in range(100):
        ask(policy, number)
    for _ in range(3):
        for number in range(100):
            ask(policy, number)
    taken = 0
    for number in range(50):
        if policy.reserve(f"coming-{number}", 40) is not None:
            taken += 40
    assert taken == 80
    assert policy.used_bytes <= 1000


# The choice, by evidence: a trace of pulls by Zipf's law with a look through everything between.


def lru(room: int) -> Callable[[int], bool]:
    kept: OrderedDict[int, None] = OrderedDict()

    def look(key: int) -> bool:
        hit = key in kept
        kept[key] = None
        kept.move_to_end(key)
        if len(kept) > room:
            kept.popitem(last=False)
        return hit

    return look


def sieve(room: int) -> Callable[[int], bool]:
    """Zhang et al., NSDI 2024: a hand goes from the oldest on, and spares what was visited."""
    queue: list[int] = []  # oldest first
    visited: dict[int, bool] = {}
    hand = 0

    def look(key: int) -> bool:
        nonlocal hand
        if key in visited:
            visited[key] = True
            return True
        if len(queue) >= room:
            hand %= len(queue)
            while visited[queue[hand]]:
                visited[queue[hand]] = False
                hand = (hand + 1) % len(queue)
            del visited[queue.pop(hand)]
        queue.append(key)
        visited[key] = False
        return False

    return look


def s3fifo(room: int) -> Callable[[int], bool]:
    policy: S3Fifo[object] = S3Fifo(room)
    return lambda key: ask(policy, key, 1)


def trace(times: int) -> Iterator[int]:
    """Yield keys: pulls of 2000 blobs by popularity; between them 3000, `times` each, never again.

    Twice is what a retry does, a client that reads two ranges, or a scanner on two machines.
    """
    chance = random.Random(7)
    weights = list(accumulate(1 / rank for rank in range(1, 2001)))
    fresh = 10_000
    for _ in range(4):
        yield from chance.choices(range(2000), cum_weights=weights, k=5000)
        for key in range(fresh, fresh + 3000):
            yield from [key] * times
        fresh += 3000


def hits_of_pulls(look: Callable[[int], bool], times: int) -> float:
    """Return the share of pulls by popularity that were hits."""
    looked = [(key, look(key)) for key in trace(times)]
    pulls = [hit for key, hit in looked if key < 10_000]
    return sum(pulls) / len(pulls)


@pytest.mark.parametrize("other, times", [(lru, 1), (lru, 2), (sieve, 2)])
def test_it_keeps_more_than_others_would(
    other: Callable[[int], Callable[[int], bool]], times: int
) -> None:
    assert hits_of_pulls(s3fifo(200), times) > hits_of_pulls(other(200), times) + 0.05


def test_it_keeps_no_less_than_sieve_when_all_is_looked_at_once() -> None:
    assert hits_of_pulls(s3fifo(200), 1) > hits_of_pulls(sieve(200), 1) - 0.01


def test_when_all_of_a_blob_is_fetched_for_its_ranges() -> None:
    asked: Asked[str] = Asked(known_max=2)
    size = PAYING_PART * SMALL_WHOLE_BYTES
    assert asked.whole_pays("a") is None
    asked.note("a", SMALL_WHOLE_BYTES - 1)
    assert asked.whole_pays("a") is None
    asked.note("a", 0, size)
    assert asked.whole_pays("a") is False
    asked.note("a", 1)
    assert asked.whole_pays("a") is True
    asked.note("b", 1, SMALL_WHOLE_BYTES)
    assert asked.whole_pays("b") is True
    asked.note("c", 1, SMALL_WHOLE_BYTES + 1)
    assert asked.whole_pays("c") is False
    assert "a" not in asked  # no more than two are remembered
    asked.forget("c")
    assert "c" not in asked
    assert whole_pays(0, 0)
