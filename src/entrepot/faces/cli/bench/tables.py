"""What was measured, as lines for people and as values for JSON."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .runner import Measured
from .works import Work

BUSY = 0.95
"""A client that used so much of its core may have been what was measured."""

MEGABYTE = 1_000_000
NAME_WIDTH = 32
CLIENT_WAS_BUSY = "!client"


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of work and its rounds on each target, in the order they were run."""

    work: Work
    rounds: dict[str, list[Measured]] = field(default_factory=dict)

    def median(self, name: str, key: str) -> float | None:
        """Return the median of one figure of one target; None where it was not measured."""
        found = [getattr(measured, key) for measured in self.rounds[name]]
        known = [value for value in found if value is not None]
        return statistics.median(known) if known else None

    def ratios(self, other: str, key: str, *, inverse: bool = False) -> list[float]:
        """Return the ratios of the first target to another, of each pair of rounds, sorted."""
        first = next(iter(self.rounds.values()))
        pairs = [
            (getattr(one, key), getattr(two, key))
            for one, two in zip(first, self.rounds[other], strict=True)
        ]
        if inverse:
            pairs = [(two, one) for one, two in pairs]
        return sorted(one / two for one, two in pairs if one is not None and two)

    def others(self) -> list[str]:
        """Return the targets that the first is compared with."""
        return list(self.rounds)[1:]

    def as_json(self) -> dict[str, Any]:
        """Return all that was measured, and the medians of the ratios."""
        return {
            "work": self.work.name,
            "unit_bytes": self.work.unit_bytes,
            "rounds": {
                name: [_short(asdict(one)) for one in own] for name, own in self.rounds.items()
            },
            "ratios": {
                name: {
                    "rate": _spread(self.ratios(name, "per_second")),
                    "cpu": _spread(self.ratios(name, "cpu_per_unit", inverse=True)),
                    "p99": _spread(self.ratios(name, "p99_seconds")),
                }
                for name in self.others()
            },
        }


def heading(names: Sequence[str]) -> str:
    """Return the line above the rows: of one target, or of two that are compared."""
    if len(names) == 1:
        return f"{'work':{NAME_WIDTH}} {'rate':>14} {'p50':>9} {'p99':>9} {'cpu/unit':>9}"
    first, second = (name[-14:] for name in names)
    return (
        f"{'work':{NAME_WIDTH}} {first:>14} {second:>14} {'ratio':>7} {'lowest-highest':>15}"
        f" {'cpu':>6} {'p99':>9} {'p99':>9} {'ratio':>6}"
    )


def lines(row: Row) -> list[str]:
    """Return a row for people: rates, their ratio and its spread; server time; p99s.

    The ratio of server time ("cpu") says how many times as much the other target used for the
    same work; it is steady where the machine is not. There is a line for each other target.
    """
    first, others = next(iter(row.rounds)), row.others()
    if not others:
        keys = ("p50_seconds", "p99_seconds", "cpu_per_unit")
        shown = [_rate(row, first).rjust(14)]
        shown += [_time(row.median(first, key)).rjust(9) for key in keys]
        return [_joined(row, [first], shown)]
    found = []
    for other in others:
        ratios = row.ratios(other, "per_second")
        spread = f"{_times(ratios[0])} - {_times(ratios[-1])}" if ratios else "-"
        pair = (first, other)
        shown = [_rate(row, name).rjust(14) for name in pair]
        shown += [_middle(ratios).rjust(7), spread.rjust(15)]
        shown += [_middle(row.ratios(other, "cpu_per_unit", inverse=True)).rjust(6)]
        shown += [_time(row.median(name, "p99_seconds")).rjust(9) for name in pair]
        shown += [_middle(row.ratios(other, "p99_seconds")).rjust(6)]
        found.append(_joined(row, pair, shown) + (f"  {other}" if len(others) > 1 else ""))
    return found


def _joined(row: Row, names: Sequence[str], shown: Sequence[str]) -> str:
    busy = any(one.client_busy > BUSY for name in names for one in row.rounds[name])
    notes = [CLIENT_WAS_BUSY] if busy else []
    return " ".join([row.work.name.ljust(NAME_WIDTH), *shown, *notes])


def _rate(row: Row, name: str) -> str:
    rate = row.median(name, "per_second") or 0.0
    if row.work.unit_bytes:
        return f"{rate * row.work.unit_bytes / MEGABYTE:,.0f} MB/s"
    return f"{rate:,.0f}/s"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} us"


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def _middle(ratios: Sequence[float]) -> str:
    return f"{_times(statistics.median(ratios))}x" if ratios else "-"


def _spread(ratios: Sequence[float]) -> dict[str, float] | None:
    if not ratios:
        return None
    middle = statistics.median(ratios)
    return _short({"median": middle, "lowest": ratios[0], "highest": ratios[-1]})


def _short(values: dict[str, Any]) -> dict[str, Any]:
    """Keep of each figure what a measurement can tell: four digits."""
    return {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in values.items()
    }
