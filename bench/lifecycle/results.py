"""Results on disk, and the tables that people read.

`python -m bench.lifecycle.results FILE`
"""

import json
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .windows import QUIET_CORES

RESULTS = Path(__file__).parents[1] / "results"
REST = "rest"
"""The name of the phases in which no job runs."""
PULLS = ("manifest by tag", "manifest by digest", "blob")

P95_MAX_MS = 5.0
P95_RATIO_MAX = 1.2
P99_PULL_RATIO_MAX = 1.5
PASS_MAX_SECONDS = 300.0

Run = dict[str, Any]


def keep(run: Run) -> Path:
    """Write a run into the day's file, instead of one of the same scale; return the file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"lifecycle-{datetime.now(UTC):%Y-%m-%d}.json"
    known = json.loads(path.read_text())["runs"] if path.exists() else []
    runs = [run, *(one for one in known if one["scale"] != run["scale"])]
    texts = ",\n".join(_text(one) for one in sorted(runs, key=lambda one: one["scale"]))
    path.write_text(f'{{"runs": [\n{texts}\n]}}\n')
    return path


def tables(runs: list[Run]) -> str:
    """Return what was measured beside the goals, in Markdown; `runs` by growing scale."""
    kinds = list(runs[0]["phases"][0]["medians"])
    parts = [
        f"p95 in ms; goals: below {P95_MAX_MS:g}, and x{P95_RATIO_MAX:g} while jobs run",
        _latencies(runs, kinds, "p95"),
        f"p99 of pulls in ms; goal: x{P99_PULL_RATIO_MAX:g} while the collector runs",
        _latencies(runs, [kind for kind in kinds if kind in PULLS], "p99"),
        f"jobs; goal: a whole pass of the collector within {PASS_MAX_SECONDS:g} s",
        _jobs(runs),
    ]
    return "\n\n".join(parts)


def _latencies(runs: list[Run], kinds: list[str], share: str) -> str:
    """Return rest, growth of it, and each job's figure with its ratio to the rest around it."""
    jobs = [phase["name"] for phase in runs[-1]["phases"] if phase["name"] != REST]
    heads = ["", *(f"rest, {run['scale']:g}" for run in runs), "growth"]
    heads += [f"{job}, {run['scale']:g}" for job in jobs for run in runs]
    lines = []
    for kind in kinds:
        rests = [_rest(run, kind, share) for run in runs]
        cells = [f"{value:.2f}" for value in rests] + [f"x{rests[-1] / rests[0]:.2f}"]
        for job in jobs:
            for run in runs:
                value, beside = _busy(run, job, kind, share)
                cells.append(f"{value:.2f} (x{value / beside:.2f})")
        lines.append([kind, *cells])
    return _markdown(heads, lines)


def _rest(run: Run, kind: str, share: str) -> float:
    """Return the median over all phases without a job."""
    return _median([p for p in run["phases"] if p["name"] == REST], kind, share)


def _busy(run: Run, job: str, kind: str, share: str) -> tuple[float, float]:
    """Return the median while the job ran, and that of the rest right before and after it."""
    phases = run["phases"]
    at = next(number for number, phase in enumerate(phases) if phase["name"] == job)
    around = [phases[at - 1], phases[at + 1]]
    return _median([phases[at]], kind, share), _median(around, kind, share)


def _median(phases: list[dict[str, Any]], kind: str, share: str) -> float:
    """Return the median over quiet windows, or over all where there are none."""
    windows = [window for phase in phases for window in phase["windows"]]
    quiet = [window for window in windows if window["others_cpu"] <= QUIET_CORES]
    return float(statistics.median(w["figures"][kind][share] for w in quiet or windows))


def _jobs(runs: list[Run]) -> str:
    heads = ["", *(f"{run['scale']:g}" for run in runs)]
    rows: dict[str, list[str]] = {}
    for run in runs:
        facts = {"server, most MiB": str(max(_all(run, "server_mib")))}
        for name, count in run["counts"].items():
            facts[name] = f"{count:,}"
        windows = [window for phase in run["phases"] for window in phase["windows"]]
        quiet = sum(window["others_cpu"] <= QUIET_CORES for window in windows)
        facts["quiet windows"] = f"{quiet} of {len(windows)}"
        for phase in run["phases"]:
            told = {k: v for k, v in phase["facts"].items() if isinstance(v, int | float)}
            facts |= {f"{phase['name']}: {key}": f"{value:,.0f}" for key, value in told.items()}
        for name, text in facts.items():
            rows.setdefault(name, []).append(text)
    return _markdown(heads, [[name, *texts] for name, texts in rows.items()])


def _all(run: Run, key: str) -> list[float]:
    return [window[key] for phase in run["phases"] for window in phase["windows"]]


def _markdown(heads: list[str], lines: list[list[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _text(run: Run) -> str:
    """Return JSON with a line for each phase, as a result is kept for years and read by diff."""
    phases = ",\n".join(json.dumps(phase) for phase in run["phases"])
    others = json.dumps({key: value for key, value in run.items() if key != "phases"})
    return f'{others[:-1]}, "phases": [\n{phases}\n]}}'


def main() -> int:
    """Print the tables of a file."""
    if len(sys.argv) != 2:
        print("usage: python -m bench.lifecycle.results FILE", file=sys.stderr)
        return 2
    print(tables(json.loads(Path(sys.argv[1]).read_text())["runs"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
