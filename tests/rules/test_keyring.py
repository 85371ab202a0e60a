"""Keys in turns: who holds a token or the key set never notices."""

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.keyring import (
    ACCESS_MAX_SECONDS,
    AGREED_SECONDS,
    CACHED_SECONDS,
    FORGET_SECONDS,
    LEEWAY_SECONDS,
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    KeyTimes,
    Stage,
    believes,
    dropped,
    due,
    forgets,
    published,
    rotated,
    signing,
    stage,
)
from entrepot.services import tokens
from entrepot.settings import Auth

START = 1_800_000_000.0
DAY = 86400.0
FIRST = KeyTimes("first", START, START)
waits = st.floats(0, 200 * DAY, allow_nan=False)


@dataclass
class World:
    """Keys whose changes are written as the service writes them."""

    now: float = START
    keys: dict[str, KeyTimes] = field(default_factory=lambda: {"first": FIRST})
    made: int = 0

    def change(self, changed: list[KeyTimes]) -> None:
        self.keys |= {times.kid: times for times in changed}

    def rotate(self) -> None:
        if not any(stage(key, self.now) is Stage.NEXT for key in self.all):
            self.change(rotated(self.all, self.new(), self.now))

    def drop(self, kid: str) -> None:
        changed = dropped(self.all, kid, self.now)
        del self.keys[kid]
        self.change(changed)
        if signing(self.all, self.now) is None:
            self.change(rotated(self.all, self.new(), self.now))

    def new(self) -> str:
        self.made += 1
        return f"key-{self.made}"

    @property
    def all(self) -> list[KeyTimes]:
        return [*self.keys.values()]

    @property
    def signer(self) -> KeyTimes:
        found = signing(self.all, self.now)
        assert found is not None
        return found

    @property
    def published(self) -> set[str]:
        return {key.kid for key in self.all if published(key, self.now)}


@given(st.lists(waits, max_size=8))
def test_whoever_keeps_the_key_set_never_meets_an_unknown_key(pauses: list[float]) -> None:
    """Not even from a process that learns of a change as late as it may."""
    world = World()
    for pause in pauses:
        world.rotate()
        made = world.now
        stale = {key.kid for key in world.all if key.created_at < made}
        for moment in (0.0, pause, PUBLISHED_SECONDS - 1, PUBLISHED_SECONDS):
            world.now = made + moment
            # Asked of a process before it knew, and kept as long as it may be.
            if moment <= AGREED_SECONDS + CACHED_SECONDS and stale:
                assert world.signer.kid in stale
            assert world.signer.kid in world.published
        world.now = made + max(pause, PUBLISHED_SECONDS)


@given(st.lists(waits, min_size=1, max_size=8), st.floats(60, ACCESS_MAX_SECONDS))
def test_a_token_signed_at_any_moment_is_believed_to_its_end(
    pauses: list[float], lives: float
) -> None:
    world = World()
    signed: list[tuple[str, float]] = []
    for pause in pauses:
        world.rotate()
        signed.append((world.signer.kid, world.now))
        ends = world.now + pause
        # The last moment at which the old one signs.
        for key in world.all:
            if key.retires_at is not None and world.now < key.retires_at < ends:
                world.now = key.retires_at - 0.001
                signed.append((world.signer.kid, world.now))
        world.now = ends
        for kid, at in signed:
            key = world.keys[kid]
            if world.now <= at + lives + LEEWAY_SECONDS:
                assert believes(key, world.now, long_lived=False)
            if world.now <= at + REFRESH_SECONDS + LEEWAY_SECONDS:
                assert believes(key, world.now, long_lived=True)
                assert published(key, world.now)


@given(st.lists(st.tuples(waits, st.sampled_from(["rotate", "drop"]), st.integers(0)), max_size=12))
def test_one_key_always_signs_and_is_believed(steps: list[tuple[float, str, int]]) -> None:
    world = World()
    for pause, what, which in steps:
        if what == "rotate":
            world.rotate()
        else:
            kid = [*world.keys][which % len(world.keys)]
            before = world.signer.kid
            world.drop(kid)
            # Whoever was dropped never comes back, and nobody retired takes its place.
            assert kid not in world.published
            assert before in (kid, world.signer.kid)
        assert stage(world.signer, world.now) is Stage.ACTIVE
        world.now += pause
        assert stage(world.signer, world.now) is Stage.ACTIVE
        assert believes(world.signer, world.now, long_lived=False)
        assert sum(stage(key, world.now) is Stage.ACTIVE for key in world.all) == 1


def test_a_key_has_its_stages_one_after_the_other() -> None:
    key = KeyTimes("k", START, START + 600, START + DAY)
    seen = []
    for at in (0, 600, DAY, DAY + ACCESS_MAX_SECONDS + LEEWAY_SECONDS):
        seen += [stage(key, START + at - 1), stage(key, START + at)]
    seen.append(stage(key, START + DAY + ACCESS_MAX_SECONDS + LEEWAY_SECONDS + 1))
    last = START + DAY + REFRESH_SECONDS + LEEWAY_SECONDS
    seen += [stage(key, last), stage(key, last + 1)]
    assert seen == [
        Stage.NEXT,
        Stage.NEXT,
        Stage.NEXT,
        Stage.ACTIVE,
        Stage.ACTIVE,
        Stage.OVERLAP,
        Stage.OVERLAP,
        Stage.OVERLAP,
        Stage.REFRESH,
        Stage.REFRESH,
        Stage.RETIRED,
    ]
    assert not believes(key, last, long_lived=False)
    assert believes(key, last, long_lived=True)
    assert not believes(key, last + 1, long_lived=True)
    assert [forgets(key, START + DAY + at) for at in (0, FORGET_SECONDS)] == [False, True]
    assert not forgets(FIRST, START + 1000 * DAY)


def test_the_next_key_is_due_so_early_that_it_signs_in_time() -> None:
    at = START + 90 * DAY - PUBLISHED_SECONDS
    assert not due([FIRST], at - 1, 90 * DAY)
    assert due([FIRST], at, 90 * DAY)
    assert not due([FIRST], at, 0.0)
    assert due([], START, 0.0)
    both = [*rotated([FIRST], "second", at)]
    assert not due(both, at, 90 * DAY)
    assert signing(both, START + 90 * DAY - 1) == both[0]
    assert signing(both, START + 90 * DAY) == both[1]


def test_the_next_key_that_is_dropped_leaves_the_active_one_as_it_was() -> None:
    both = rotated([FIRST], "second", START + DAY)
    assert dropped(both, "second", START + DAY) == [FIRST]


def test_a_key_that_is_dropped_is_replaced_at_once() -> None:
    both = rotated([FIRST], "second", START + DAY)
    (second,) = dropped(both, "first", START + DAY)
    assert (second.kid, second.activates_at) == ("second", START + DAY)
    assert dropped([FIRST], "first", START + DAY) == []
    assert rotated([], "new", START) == [KeyTimes("new", START, START)]


def test_an_old_key_goes_without_a_trace() -> None:
    world = World()
    world.rotate()
    world.now += DAY
    assert dropped(world.all, "first", world.now) == []


def test_a_clock_that_was_set_back_does_not_stop_the_signing() -> None:
    assert signing([FIRST], START - DAY) == FIRST


@pytest.mark.parametrize("name", ["REFRESH_SECONDS", "LEEWAY_SECONDS"])
def test_the_figures_are_those_of_the_tokens(name: str) -> None:
    assert getattr(tokens, name) == globals()[name]


def test_the_longest_token_is_that_of_the_settings() -> None:
    for seconds in (ACCESS_MAX_SECONDS, ACCESS_MAX_SECONDS + 1):
        try:
            msgspec.convert({"token_seconds": seconds}, Auth)
        except msgspec.ValidationError:
            assert seconds > ACCESS_MAX_SECONDS
        else:
            assert seconds == ACCESS_MAX_SECONDS
    assert PUBLISHED_SECONDS > CACHED_SECONDS + AGREED_SECONDS
