"""Pairs Entrepot with a peer, A/B/A/B: `python -m bench.run`."""

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from .servers import peers, running
from .work import fill, reads, writes

RESULTS = Path(__file__).parent / "results"


def measure(rounds: int, seconds: float, only: str, peer: str) -> dict[str, object]:
    """Run all work on both servers by turns; return what was found."""
    table: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="entrepot-bench-")))
        servers = [stack.enter_context(running(name, folder / name)) for name in ("entrepot", peer)]
        fixtures = [fill(server) for server in servers]
        idle = {server.name: round(server.rss_mib(), 1) for server in servers}
        for name, work in {**reads(), **writes()}.items():
            if only not in name:
                continue
            row = table.setdefault(name, {server.name: [] for server in servers})
            for _ in range(rounds):
                for server, fixture in zip(servers, fixtures, strict=True):
                    row[server.name].append(work(server, fixture, seconds))
            _print_row(name, row, peer)
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "peer": peer,
            "rounds": rounds,
            "per_second": table,
            "rss_mib_after_fill": idle,
            "rss_mib_peak": {server.name: round(server.peak_mib(), 1) for server in servers},
            "ready_seconds": {s.name: round(s.ready_seconds, 3) for s in servers},
        }


def _print_row(name: str, row: dict[str, list[float]], peer: str) -> None:
    ours, theirs = row["entrepot"], row[peer]
    ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
    _say(
        f"{name:32} {statistics.median(ours):10.1f}/s {statistics.median(theirs):10.1f}/s "
        f"{statistics.median(ratios):6.1f}x  ({ratios[0]:.1f} to {ratios[-1]:.1f})"
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Measure, print and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of each work [3]")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each [3]")
    parser.add_argument("--only", default="", help="only work whose name has this text")
    arguments = parser.parse_args()
    found = peers()
    if not found:
        _say("no peer is installed: apt-get install docker-registry")
        return 1
    _say(f"{'work':32} {'entrepot':>12} {found[0]:>12}  ratio  (lowest to highest)")
    result = measure(arguments.rounds, arguments.seconds, arguments.only, found[0])
    for key in ("ready_seconds", "rss_mib_after_fill", "rss_mib_peak"):
        _say(f"{key:32} {json.dumps(result[key])}")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
