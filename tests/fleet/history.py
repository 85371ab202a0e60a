"""Was what clients saw of a tag the work of one register? Linearizability.

Each tag is a register of its own (linearizability is local: all are, if each is). Operations have
times of call and return; one whose outcome is unknown may take effect at any time after its call,
or never. The search goes along the calls and returns as Lowe's does (Testing for linearizability,
2017), over sets of configurations: what the register holds, and which operations that have not
returned yet have taken effect. An operation takes effect only when another needs it, so the sets
stay small: reads as soon as they fit, unknown ones only for the sake of a read.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

CONFIGURATIONS_MAX = 200_000
"""More than so many at a time mean too many operations at once: the search is given up."""
WINDOW_FIRST = 4
SMALLEST_MAX = 400
"""A window of more operations is shown as it is."""
VALUE_SHOWN_CHARACTERS = 19


class Kind(Enum):
    """What an operation does."""

    WRITE = "write"
    """Let the register hold `value`; None empties it."""
    READ = "read"
    """Find `value`; None is an empty register."""
    CLEAR = "clear"
    """Empty the register if it holds `value` (what deleting a manifest does to its tags)."""


class Outcome(Enum):
    """What its client knows of an operation."""

    OK = "ok"
    FAILED = "failed"
    """It was certainly not applied."""
    UNKNOWN = "unknown"
    """It was applied, or never will be, or will be at any later time."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a register; times are seconds of one clock."""

    kind: Kind
    value: str | None
    called: float
    returned: float
    outcome: Outcome = Outcome.OK
    who: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """A history that no register has: a few operations of it that show why."""

    window: tuple[Operation, ...]
    before: frozenset[str | None] | None
    """What the register may have held before them; None: whatever it held."""

    def __str__(self) -> str:
        return _drawing(self.window)


class TooManyAtOnceError(Exception):
    """The search was given up: see `CONFIGURATIONS_MAX`."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What a register may hold at first: one of `values`, or anything."""

    values: frozenset[str | None] | None


EMPTY = _Start(frozenset([None]))
_ANY = "*"
"""A register of which nothing is known yet; no digest looks like it."""

# What the register holds, which operations that are open have taken effect (by number), and which
# of unknown outcome.
_Configuration = tuple[str | None, frozenset[int], frozenset[int]]


def check(operations: Iterable[Operation]) -> Violation | None:
    """Return why these operations on one register, empty at first, are not linearizable, if so."""
    relevant = _relevant(operations)
    failed = _failing(relevant, EMPTY)
    return None if failed is None else _explain(relevant, failed)


def check_all(histories: dict[str, list[Operation]]) -> dict[str, Violation]:
    """Check each register by itself; return what is wrong, by its name."""
    found = ((name, check(operations)) for name, operations in sorted(histories.items()))
    return {name: violation for name, violation in found if violation is not None}


def is_linearizable(operations: Iterable[Operation]) -> bool:
    """Tell whether a register, empty at first, could have done this."""
    return _failing(_relevant(operations), EMPTY) is None


def _relevant(operations: Iterable[Operation]) -> list[Operation]:
    """Leave out what says nothing: what failed, reads without answer, unknown ones of no use."""
    known = [
        _unknown(each) if each.outcome is Outcome.UNKNOWN else each
        for each in operations
        if each.outcome is not Outcome.FAILED
        and not (each.kind is Kind.READ and each.outcome is Outcome.UNKNOWN)
    ]
    uses = _last_uses(known)
    return [
        each
        for each, used in zip(known, uses, strict=True)
        if each.outcome is Outcome.OK or used >= each.called
    ]


def _leaves(operation: Operation) -> str | None:
    """What the register holds after it was applied."""
    return operation.value if operation.kind is Kind.WRITE else None


class _Search:
    """One pass over a history."""

    def __init__(self, operations: Sequence[Operation], start: _Start) -> None:
        self._operations = operations
        self._open: set[int] = set()
        self._unknown: set[int] = set()
        values: Iterable[str | None] = [_ANY] if start.values is None else start.values
        nothing: frozenset[int] = frozenset()
        self._configurations: set[_Configuration] = {(value, nothing, nothing) for value in values}
        self._last_use = _last_uses(operations)
        self._last_write: defaultdict[str | None, float] = defaultdict(lambda: -inf)
        for each in operations:
            if each.kind is Kind.WRITE:
                self._last_write[each.value] = max(each.returned, self._last_write[each.value])

    def run(self) -> int | None:
        """Return the number of the operation by whose return there is no way on; None: linear."""
        for moment, is_return, number in _events(self._operations):
            if is_return:
                self._return(number)
                if not self._configurations:
                    return number
            else:
                self._call(number, moment)
        return None

    def _call(self, number: int, moment: float) -> None:
        operation = self._operations[number]
        if operation.outcome is Outcome.UNKNOWN:
            self._unknown.add(number)
            return
        self._open.add(number)
        if operation.kind is Kind.READ:
            self._configurations = {self._with_reads(each) for each in self._configurations}
        # Unknown ones that no later read needs are forgotten, and with them what differs by them.
        over = {each for each in self._unknown if self._is_over(each, moment)}
        if over:
            self._unknown -= over
            self._configurations = {
                (value, done, used - over) for value, done, used in self._configurations
            }

    def _is_over(self, number: int, moment: float) -> bool:
        """Whether one of unknown outcome is of no use from now on."""
        if self._last_use[number] < moment:
            return True
        operation = self._operations[number]
        if operation.kind is not Kind.CLEAR or self._last_write[operation.value] >= moment:
            return False
        return not any(each[0] in (operation.value, _ANY) for each in self._configurations)

    def _return(self, number: int) -> None:
        """Keep the configurations in which it has taken effect, or can now."""
        ready: set[_Configuration] = set()
        seen = set(self._configurations)
        waiting = list(self._configurations)
        while waiting:
            configuration = waiting.pop()
            if number in configuration[1]:
                value, done, used = configuration
                ready.add((value, done - {number}, used))
                continue
            for following in self._steps(configuration):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
            if len(seen) > CONFIGURATIONS_MAX:
                raise TooManyAtOnceError(f"{len(self._open)} operations at once")
        self._open.discard(number)
        self._configurations = _without_dominated(ready)

    def _steps(self, configuration: _Configuration) -> Iterator[_Configuration]:
        """Yield the configurations that are one effect further."""
        value, done, used = configuration
        waiting = self._open - done
        for number in waiting:
            operation = self._operations[number]
            if operation.kind is Kind.READ:
                if value == _ANY:
                    yield self._with_reads((operation.value, done, used))
            elif value == _ANY and operation.kind is Kind.CLEAR:
                yield self._with_reads((None, done | {number}, used))
                yield (value, done | {number}, used)
            else:
                yield self._with_reads((_applied(operation, value), done | {number}, used))
        wanted = self._wanted(waiting, used)
        tried: set[tuple[Kind, str | None]] = set()
        # Of those that are alike the first is as good as any.
        for number in sorted(self._unknown - used):
            operation = self._operations[number]
            after = _applied(operation, value)
            alike = (operation.kind, operation.value)
            if after in wanted and after != value and alike not in tried:
                tried.add(alike)
                yield self._with_reads((after, done, used | {number}))

    def _wanted(self, waiting: set[int], used: frozenset[int]) -> set[str | None]:
        """What it is worth for an operation of unknown outcome to leave."""
        mine = [self._operations[number] for number in waiting]
        wanted = {each.value for each in mine if each.kind is not Kind.WRITE}
        if None in wanted:
            others = [self._operations[number] for number in self._unknown - used]
            wanted |= {each.value for each in others if each.kind is Kind.CLEAR}
        return wanted

    def _with_reads(self, configuration: _Configuration) -> _Configuration:
        """Let all reads take effect that find what they found: it costs nothing."""
        value, done, used = configuration
        if value == _ANY:
            return configuration
        found = {
            number
            for number in self._open - done
            if self._operations[number].kind is Kind.READ
            and self._operations[number].value == value
        }
        return (value, done | found, used) if found else configuration


def _applied(operation: Operation, value: str | None) -> str | None:
    if operation.kind is Kind.WRITE:
        return operation.value
    return None if value in (operation.value, _ANY) else value


def _without_dominated(found: set[_Configuration]) -> set[_Configuration]:
    """Leave out those that have used up more unknown operations than others, for nothing."""
    groups: dict[tuple[str | None, frozenset[int]], list[frozenset[int]]] = {}
    for value, done, used in sorted(found, key=lambda each: len(each[2])):
        kept = groups.setdefault((value, done), [])
        if not any(other <= used for other in kept):
            kept.append(used)
    return {(value, done, used) for (value, done), kept in groups.items() for used in kept}


def _last_uses(operations: Sequence[Operation]) -> list[float]:
    """Return for each operation when the last one ends that may need what it leaves."""
    read: dict[str | None, float] = {}
    for each in operations:
        if each.kind is Kind.READ:
            read[each.value] = max(each.returned, read.get(each.value, -inf))
    # What is cleared may be needed by whoever finds nothing.
    cleared = {each.value for each in operations if each.kind is Kind.CLEAR}
    absent = read.get(None, -inf)
    return [
        max(read.get(_leaves(each), -inf), absent if _leaves(each) in cleared else -inf)
        for each in operations
    ]


def _events(operations: Sequence[Operation]) -> list[tuple[float, bool, int]]:
    """Calls and returns in order; at one moment calls come first, which forbids less."""
    events = [(each.called, False, number) for number, each in enumerate(operations)]
    events += [
        (each.returned, True, number)
        for number, each in enumerate(operations)
        if each.outcome is Outcome.OK
    ]
    return sorted(events)


def _failing(operations: Sequence[Operation], start: _Start) -> int | None:
    return _Search(operations, start).run()


# Saying why -------------------------------------------------------------------------------------


def _explain(operations: Sequence[Operation], failed: int) -> Violation:
    """Find few operations, among those until the one where the search ended, that are impossible.

    Only such are left out as a register could not miss: what is wrong with the rest is wrong with
    the whole.
    """
    end = operations[failed].returned
    until = _relevant(_as_open(each, end) for each in operations if each.called <= end)
    certain = [each for each in until if each.outcome is Outcome.OK]
    certain.sort(key=lambda each: each.returned)
    unknown = [each for each in until if each.outcome is Outcome.UNKNOWN]
    size = WINDOW_FIRST
    start, window = EMPTY, until
    while size < len(certain):
        part = _relevant(unknown + _window(certain, size))
        if _failing(part, _Start(None)) is not None:
            start, window = _Start(None), part
            break
        size *= 2
    if len(window) <= SMALLEST_MAX:
        window = _smallest(window, lambda part: _failing(part, start) is not None)
    return Violation(tuple(sorted(window, key=lambda each: each.called)), start.values)


def _as_open(operation: Operation, end: float) -> Operation:
    """As it looked at `end`: what had not returned is unknown."""
    if operation.outcome is not Outcome.OK or operation.returned <= end:
        return operation
    return _unknown(operation)


def _unknown(operation: Operation) -> Operation:
    return Operation(
        operation.kind, operation.value, operation.called, inf, Outcome.UNKNOWN, operation.who
    )


def _window(operations: Sequence[Operation], size: int) -> list[Operation]:
    """The last `size` to return, and as unknown what may have taken effect among them.

    What had returned before all of them were called only decides what the register held.
    """
    last = list(operations[-size:])
    began = min(each.called for each in last)
    rest = operations[: len(operations) - size]
    at = bisect_left([each.returned for each in rest], began)
    among = [_unknown(each) for each in rest[at:] if each.kind is not Kind.READ]
    return among + last


def _smallest(
    operations: Sequence[Operation], is_wrong: Callable[[list[Operation]], bool]
) -> list[Operation]:
    """Leave out what can be: reads, what is unknown, and writes that nobody read."""
    kept = list(operations)
    for each in sorted(operations, key=lambda each: each.called):
        needed = {other.value for other in kept if other.kind is not Kind.WRITE}
        if each.kind is Kind.READ or _leaves(each) not in needed:
            without = [other for other in kept if other is not each]
            if is_wrong(without):
                kept = without
    return kept


def _drawing(window: Sequence[Operation]) -> str:
    """A line for each operation, in order of call, with where it stands in time.

    Those of unknown outcome that left nothing which was read are only counted.
    """
    read = {each.value for each in window if each.kind is Kind.READ} - {None}
    shown = [each for each in window if each.outcome is Outcome.OK or _leaves(each) in read]
    if not shown:
        return "(nothing)"
    begin = min(each.called for each in shown)
    width = max(len(each.who) for each in shown)
    lines = [_line(each, begin, width) for each in shown]
    if hidden := len(window) - len(shown):
        lines.append(f"  and {hidden} of unknown outcome that do not explain it")
    return "\n".join(lines)


def _line(operation: Operation, begin: float, width: int) -> str:
    value = "absent" if operation.value is None else operation.value[:VALUE_SHOWN_CHARACTERS]
    arrow = "->" if operation.kind is Kind.READ else "  "
    returned = operation.returned
    until = f"{returned - begin:9.6f}" if returned < inf else "        ?"
    return (
        f"  {operation.called - begin:9.6f} .. {until}  {operation.who:{width}}  "
        f"{operation.kind.value:5} {arrow} {value}  {operation.outcome.value}"
    )
