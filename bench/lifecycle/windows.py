"""Figures of a while: percentiles of each window, and the medians of those."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .load import Load
from .machine import Moment, moment

QUIET_CORES = 0.5
"""What all but the server, our client among it, may use in a window that says something."""
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
MS = 1000.0


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of time: percentiles in ms by kind, and what the machine did."""

    seconds: float
    figures: dict[str, dict[str, float]]
    server_cpu: float
    """Cores that the server used."""
    others_cpu: float
    """Cores that all else used, our client among it."""
    stolen: float
    """Cores that other machines took."""
    server_mib: float
    load: float


@dataclass(slots=True)
class Phase:
    """What was measured while one thing went on."""

    name: str
    windows: list[Window] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def quiet(self) -> list[Window]:
        """The windows in which the machine had time for us; all where there were none."""
        found = [window for window in self.windows if window.others_cpu <= QUIET_CORES]
        return found or self.windows

    def median(self, kind: str, share: str) -> float:
        """Return the median over quiet windows, in ms."""
        return statistics.median(window.figures[kind][share] for window in self.quiet)

    def as_json(self) -> dict[str, Any]:
        """Return medians, facts and all windows."""
        kinds = self.windows[0].figures if self.windows else {}
        medians = {k: {s: round(self.median(k, s), 3) for s in SHARES} for k in kinds}
        return {
            "name": self.name,
            "facts": self.facts,
            "medians": medians,
            "quiet": sum(window.others_cpu <= QUIET_CORES for window in self.windows),
            "windows": [asdict(window) for window in self.windows],
        }


class Watch:
    """Cuts the time of a load into windows."""

    def __init__(self, load: Load, process_id: int, window_seconds: float) -> None:
        self._load = load
        self._process_id = process_id
        self._seconds = window_seconds

    def phase(self, name: str, going: Callable[[], bool]) -> Phase:
        """Measure windows as long as `going` says so at the end of one; at least one."""
        found = Phase(name)
        while True:
            found.windows.append(self._window())
            if not going():
                return found

    def _window(self) -> Window:
        before, began = moment(self._process_id), time.perf_counter()
        time.sleep(self._seconds)
        after, ended = moment(self._process_id), time.perf_counter()
        self._load.check()
        figures = {}
        for line in self._load.lines:
            took = line.between(began, ended)
            figures[line.sample.name] = {
                name: round(_percentile(took, share, self._seconds) * MS, 3)
                for name, share in SHARES.items()
            }
        return _window(before, after, ended - began, figures)


def _window(
    before: Moment, after: Moment, seconds: float, figures: dict[str, dict[str, float]]
) -> Window:
    server = after.server_cpu_seconds - before.server_cpu_seconds
    busy = after.busy_seconds - before.busy_seconds
    return Window(
        seconds=round(seconds, 3),
        figures=figures,
        server_cpu=round(server / seconds, 3),
        others_cpu=round((busy - server) / seconds, 3),
        stolen=round((after.stolen_seconds - before.stolen_seconds) / seconds, 3),
        server_mib=round(after.server_mib, 1),
        load=round(after.load, 2),
    )


def _percentile(ordered: list[float], share: float, most: float) -> float:
    """Return the value that this share keeps to; `most` where there was no answer at all."""
    if not ordered:
        return most
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
