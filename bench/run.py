"""Compares Entrepot with all peers that this machine has: `python -m bench.run`.

All are up at once and are measured by turns, A B C A B C, each alone while it is measured, with
the client of `entrepot bench`. Each group of work has fresh servers, whose data is then removed.
"""

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from entrepot import __version__
from entrepot.faces.cli.bench.fixture import tag_name
from entrepot.faces.cli.bench.request import LoadError
from entrepot.faces.cli.bench.session import compare, prepare
from entrepot.faces.cli.bench.tables import Row, heading
from entrepot.faces.cli.bench.target import TargetError
from entrepot.faces.cli.bench.works import TAGS, Work, works

from .peers import DEBIAN, SOURCES, programs
from .resources import resources
from .servers import OURS, REPOSITORY, Server, StartError, ours, peer

RESULTS = Path(__file__).parent / "results"
RESOURCES = "resources"
DEFAULT = (DEBIAN, *SOURCES)


def main() -> int:
    """Measure, print and keep the results."""
    wish = _arguments()
    names = [name for name in programs() if name in (wish.peer or DEFAULT)]
    if not names:
        print("bench: no peer: apt-get install docker-registry, or install Go and run bench.peers")
        return 1
    print(heading([OURS, "peer"]), flush=True)
    chosen = [work for work in works(tags=wish.tags) if wish.only in work.name]
    try:
        _measure(names, chosen, wish)
    except (LoadError, StartError, TargetError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(names: Sequence[str], chosen: Sequence[Work], wish: argparse.Namespace) -> None:
    rows: list[Row] = []
    for _, group in groupby(chosen, _group):
        with tempfile.TemporaryDirectory(prefix="entrepot-bench-", dir=wish.folder) as folder:
            rows += _run(_servers(Path(folder), names), list(group), wish)
        _keep(names, rows, {}, wish)
        # What was removed is gone before the next group begins.
        os.sync()
    needs = _resources(names, wish) if wish.only in RESOURCES else {}
    _say(f"kept in {_keep(names, rows, needs, wish)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of each work [3]")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each [3]")
    parser.add_argument("--only", default="", help="only work whose name has this text")
    parser.add_argument("--peer", action="append", help="only this peer; may be repeated")
    parser.add_argument("--tags", type=int, default=TAGS, help=f"tags to list, 0 for none [{TAGS}]")
    parser.add_argument("--processes", type=int, default=1, help="of the client [1]")
    parser.add_argument("--folder", help="where the servers keep their data [the system's]")
    return parser.parse_args()


def _group(work: Work) -> str:
    """Work of one group shares servers; each kind of push has its own, as it fills a disk."""
    if work.name.startswith("push"):
        return work.name
    return "tags" if work.tags else "reads"


def _servers(folder: Path, names: Sequence[str]) -> list[Server]:
    found = programs()
    return [ours(folder / OURS), *(peer(name, found[name], folder / name) for name in names)]


def _run(servers: Sequence[Server], chosen: Sequence[Work], wish: argparse.Namespace) -> list[Row]:
    count = max(work.tags for work in chosen)
    with ExitStack() as stack:
        filled = []
        for server in servers:
            if server.seed is not None and count:
                names = [tag_name(number) for number in range(count)]
                server.seed(server.folder / "data", REPOSITORY, names)
            target, _ = stack.enter_context(server.running())
            filled.append((target, prepare(target, chosen, tags=server.seed is None)))
        return compare(
            filled,
            chosen,
            rounds=wish.rounds,
            seconds=wish.seconds,
            processes=wish.processes,
            tell=_say,
        )


def _resources(names: Sequence[str], wish: argparse.Namespace) -> dict[str, dict[str, float]]:
    found = {}
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", dir=wish.folder) as folder:
        for server in _servers(Path(folder), names):
            found[server.name] = resources(server)
            told = ", ".join(f"{name} {value:g}" for name, value in found[server.name].items())
            _say(f"{server.name}: {told}")
            shutil.rmtree(server.folder)
    return found


def _say(text: str) -> None:
    print(text, flush=True)


def _keep(
    names: Sequence[str],
    rows: Sequence[Row],
    needs: dict[str, dict[str, float]],
    wish: argparse.Namespace,
) -> Path:
    """Write what is known so far; return the file."""
    result: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        # What else the machine did: much more than the cores says that the rates are poor.
        "load": [round(value, 1) for value in os.getloadavg()],
        "rounds": wish.rounds,
        "seconds": wish.seconds,
        "peers": names,
        "rows": [row.as_json() for row in rows],
        RESOURCES: needs,
    }
    RESULTS.mkdir(exist_ok=True)
    part = f"-{re.sub(r'[^a-zA-Z0-9]+', '-', wish.only)}" if wish.only else ""
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}{part}.json"
    path.write_text(_text(result))
    return path


def _text(result: dict[str, Any]) -> str:
    """Return JSON with a line for each row, as a result is kept for years and read by diff."""
    rows = ",\n".join(json.dumps(row) for row in result["rows"])
    others = {key: value for key, value in result.items() if key != "rows"}
    told = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in others.items())
    return f'{{\n{told},\n"rows": [\n{rows}\n]\n}}\n'


if __name__ == "__main__":
    sys.exit(main())
