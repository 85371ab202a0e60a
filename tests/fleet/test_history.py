"""The checker agrees with one that tries everything, and finds what is planted."""

import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.history import (
    Kind,
    Operation,
    Outcome,
    check,
    check_all,
    is_linearizable,
)

VALUES = ["a", "b", None]


def write(value: str, called: float, returned: float) -> Operation:
    return Operation(Kind.WRITE, value, called, returned)


def delete(called: float, returned: float) -> Operation:
    return Operation(Kind.WRITE, None, called, returned)


def clear(value: str, called: float, returned: float) -> Operation:
    return Operation(Kind.CLEAR, value, called, returned)


def read(value: str | None, called: float, returned: float) -> Operation:
    return Operation(Kind.READ, value, called, returned)


def unknown(operation: Operation) -> Operation:
    return replace(operation, outcome=Outcome.UNKNOWN, returned=inf)


def failed(operation: Operation) -> Operation:
    return replace(operation, outcome=Outcome.FAILED)


LINEAR: dict[str, list[Operation]] = {
    "nothing": [],
    "absent at first": [read(None, 0, 1)],
    "a write, then read": [write("a", 0, 1), read("a", 2, 3)],
    "read while it is written": [write("a", 0, 10), read("a", 1, 2), read("a", 3, 4)],
    "not yet, then": [write("a", 0, 10), read(None, 1, 2), read("a", 3, 4)],
    "two at once, either last": [write("a", 0, 9), write("b", 1, 8), read("a", 10, 11)],
    "deleted": [write("a", 0, 1), delete(2, 3), read(None, 4, 5)],
    "unknown, applied late": [
        unknown(write("a", 0, 1)),
        read(None, 5, 6),
        write("b", 7, 8),
        read("b", 9, 10),
        read("a", 11, 12),
    ],
    "unknown, never": [unknown(write("a", 0, 1)), read(None, 5, 6), read(None, 7, 8)],
    "failed": [failed(write("a", 0, 1)), read(None, 2, 3)],
    "cleared": [write("a", 0, 1), clear("a", 2, 3), read(None, 4, 5)],
    "cleared another": [write("a", 0, 1), clear("b", 2, 3), read("a", 4, 5)],
    "an unknown write under a clear": [
        write("a", 0, 1),
        unknown(write("b", 2, 3)),
        clear("b", 4, 5),
        read(None, 6, 7),
    ],
    "an unknown write under an unknown clear": [
        write("a", 0, 1),
        unknown(write("b", 2, 3)),
        unknown(clear("b", 4, 5)),
        read(None, 6, 7),
    ],
}

BROKEN: dict[str, list[Operation]] = {
    "out of nowhere": [read("a", 0, 1)],
    "stale": [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)],
    "lost": [write("a", 0, 1), read(None, 2, 3)],
    "of a failed write": [failed(write("a", 0, 1)), read("a", 2, 3)],
    "before it was called": [read("a", 0, 1), write("a", 2, 3)],
    "back and forth": [
        write("a", 0, 9),
        write("b", 0, 9),
        read("a", 10, 11),
        read("b", 12, 13),
    ],
    "seen, then not": [write("a", 0, 10), read("a", 1, 2), read(None, 3, 4)],
    "unknown, applied twice": [
        unknown(write("a", 0, 1)),
        read("a", 2, 3),
        write("b", 4, 5),
        read("b", 6, 7),
        read("a", 8, 9),
    ],
    "a deletion undone": [write("a", 0, 1), delete(2, 3), read("a", 4, 5)],
    "cleared, and there": [write("a", 0, 1), clear("a", 2, 3), read("a", 4, 5)],
    "cleared what was another": [write("a", 0, 1), clear("b", 2, 3), read(None, 4, 5)],
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear(name: str) -> None:
    assert check(LINEAR[name]) is None
    assert exhaustive(LINEAR[name])


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    violation = check(BROKEN[name])
    assert violation is not None
    assert not exhaustive(BROKEN[name])
    assert str(violation)


def test_each_register_by_itself() -> None:
    found = check_all({"r:a": LINEAR["deleted"], "r:b": BROKEN["stale"]})
    assert [*found] == ["r:b"]


# Against all orders ------------------------------------------------------------------------------


def exhaustive(operations: Iterable[Operation]) -> bool:
    """Try each subset of the unknown ones, and each order."""
    certain = [each for each in operations if each.outcome is Outcome.OK]
    open_ = [
        replace(each, returned=inf)
        for each in operations
        if each.outcome is Outcome.UNKNOWN and each.kind is not Kind.READ
    ]
    return any(
        _in_some_order([*certain, *chosen])
        for size in range(len(open_) + 1)
        for chosen in itertools.combinations(open_, size)
    )


def _in_some_order(operations: list[Operation]) -> bool:
    return any(_is_run(order) for order in itertools.permutations(operations))


def _is_run(order: tuple[Operation, ...]) -> bool:
    latest_call = -inf
    value: str | None = None
    for each in order:
        if each.returned < latest_call:
            return False
        latest_call = max(latest_call, each.called)
        if each.kind is Kind.WRITE:
            value = each.value
        elif each.kind is Kind.CLEAR:
            value = None if value == each.value else value
        elif value != each.value:
            return False
    return True


@st.composite
def some_operations(draw: st.DrawFn) -> list[Operation]:
    found = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from([Kind.WRITE, Kind.READ, Kind.READ, Kind.CLEAR]))
        value = draw(st.sampled_from(VALUES if kind is not Kind.CLEAR else VALUES[:2]))
        called = draw(st.integers(0, 10))
        returned = called + draw(st.integers(0, 6))
        outcome = draw(st.sampled_from([Outcome.OK, Outcome.OK, Outcome.UNKNOWN, Outcome.FAILED]))
        found.append(Operation(kind, value, called, returned, outcome))
    return found


@given(some_operations())
def test_it_says_what_trying_all_orders_says(operations: list[Operation]) -> None:
    violation = check(operations)
    assert (violation is None) == exhaustive(operations)


@given(some_operations())
def test_what_it_shows_is_wrong_by_itself(operations: list[Operation]) -> None:
    """The window cannot be, whatever the register held before (or when it was empty)."""
    violation = check(operations)
    if violation is None:
        return
    window = list(violation.window)
    before = [None] if violation.before is not None else [*VALUES, "other"]
    for value in before:
        first = Operation(Kind.WRITE, value, -2, -1)
        assert not exhaustive([first, *window])


# Large ones --------------------------------------------------------------------------------------


def simulated(seed: int, count: int, clients: int = 6) -> list[Operation]:
    """A register's own history: each operation takes effect at one moment within its time."""
    chance = random.Random(seed)
    free = [0.0] * clients
    effects: list[tuple[float, float, float, Kind, str | None, Outcome, str]] = []
    for number in range(count):
        who = min(range(clients), key=free.__getitem__)
        called = free[who] + chance.expovariate(2.0)
        lasts = chance.expovariate(1.0)
        at = called + lasts * chance.random()
        free[who] = called + lasts
        kind = chance.choices([Kind.READ, Kind.WRITE, Kind.CLEAR], [6, 3, 1])[0]
        value: str | None = f"v{number}" if chance.random() < 0.8 else None
        outcome = Outcome.OK
        if kind is not Kind.READ and chance.random() < 0.2:
            outcome = Outcome.UNKNOWN
            at = chance.choice([at, at + chance.expovariate(0.1), inf])
        effects.append((at, called, called + lasts, kind, value, outcome, f"c{who}"))
    held: str | None = None
    found = []
    for at, called, returned, kind, value, outcome, name in sorted(effects, key=lambda e: e[0]):
        seen = value
        if kind is Kind.READ:
            seen = held
        elif kind is Kind.CLEAR:
            seen = held or "never"
            held = None if at < inf else held
        elif at < inf:
            held = value
        found.append(Operation(kind, seen, called, returned, outcome, name))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_register_passes(seed: int) -> None:
    assert is_linearizable(simulated(seed, 3000))


Plant = Callable[[list[Operation], random.Random], list[Operation]]


def _reads(operations: list[Operation]) -> list[int]:
    """Reads late enough in a history, of a value."""
    return [
        number
        for number, each in enumerate(operations)
        if each.kind is Kind.READ and each.value is not None and number > len(operations) // 4
    ]


def stale_read(operations: list[Operation], chance: random.Random) -> list[Operation]:
    """A read finds what was overwritten long ago."""
    number = chance.choice(_reads(operations))
    old = next(each.value for each in operations if each.kind is Kind.READ and each.value)
    return [
        replace(each, value=old) if at == number else each for at, each in enumerate(operations)
    ]


def lost_write(operations: list[Operation], chance: random.Random) -> list[Operation]:
    """A write that came after another, alone, is not found; the other one is."""
    end = max(each.returned for each in operations if each.outcome is Outcome.OK) + 1
    writes = [write("other", end, end + 1), write("mine", end + 2, end + 3)]
    return [*operations, *writes, read("other", end + 4, end + 5)]


def failed_write(operations: list[Operation], chance: random.Random) -> list[Operation]:
    """What was refused is found."""
    number = chance.choice(_reads(operations))
    value = operations[number].value
    return [
        replace(each, outcome=Outcome.FAILED)
        if each.kind is Kind.WRITE and each.value == value
        else each
        for each in operations
    ]


@pytest.mark.parametrize("plant", [stale_read, lost_write, failed_write])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_planted_is_found_and_shown_small(plant: Plant, seed: int) -> None:
    planted = plant(simulated(seed, 1000), random.Random(seed))
    violation = check(planted)
    assert violation is not None
    assert len([each for each in violation.window if each.outcome is Outcome.OK]) <= 12
    assert len(str(violation).splitlines()) <= 15
    assert "read" in str(violation)
