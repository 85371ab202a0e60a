"""How long pages, searches and filters take, at sixteen connections.

    python -m bench.listing DIR [--scale 1.0] [--seconds 3] [--only WORD] [--keep]

DIR is made by `bench.listing.generate`. The service is asked in this process, without HTTP.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.system import SystemClock
from entrepot.services.listing.service import ListingService

from .generate import Shape
from .pushing import push_again_and_again
from .queries import Query, queries

CONNECTIONS = 16
PUSHED = ("artifacts, first page", "artifacts, a word in tags", "artifacts, any page")
"""What is asked again while a push a second changes it."""
RESULTS = Path(__file__).parents[1] / "results"


async def measure(query: Query, seconds: float) -> dict[str, float]:
    """Return the first answer's time and percentiles of the others, in ms."""
    begun = time.perf_counter()
    listed = await query()
    first = time.perf_counter() - begun
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def connection() -> None:
        while time.perf_counter() < end:
            asked = time.perf_counter()
            await asyncio.sleep(0)  # as it would come from a socket: the others are before
            await query()
            times.append(time.perf_counter() - asked)

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    times.sort()
    return {
        "first_ms": round(first * 1000, 2),
        "p50_ms": round(statistics.median(times) * 1000, 2),
        "p95_ms": round(times[int(0.95 * (len(times) - 1))] * 1000, 2),
        "max_ms": round(times[-1] * 1000, 2),
        "per_second": round(len(times) / seconds),
        "total": listed.total,
    }


async def run(folder: Path, shape: Shape, seconds: float, only: str) -> dict[str, Any]:
    """Measure all, or those whose name has a word in it; pushes are left in DIR."""
    data = DataDirectory(folder)
    catalog = await open_catalog(data.catalog)
    service = ListingService(catalog, SystemClock())
    before = _rss_mib()
    found = {}
    for name, query in queries(service, shape, time.time()).items():
        if only in name:
            found[name] = await measure(query, seconds) | {"rss_mib": _rss_mib()}
            print(f"{name:36}{json.dumps(found[name])}", file=sys.stderr)
    for name in PUSHED:
        if only in name:
            pusher = asyncio.create_task(push_again_and_again(catalog))
            query = queries(service, shape, time.time())[name]
            found[f"{name}, while it is pushed to"] = await measure(query, max(seconds, 5.0))
            pusher.cancel()
            told = json.dumps(found[f"{name}, while it is pushed to"])
            print(f"{name}, while it is pushed to {told}", file=sys.stderr)
    await catalog.close()
    data.close()
    return {
        "scale": shape.scale,
        "connections": CONNECTIONS,
        "over": "the service, in process",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "rss_before_mib": before,
        "rss_mib": _rss_mib(),
        "worst_p95_ms": max(one["p95_ms"] for one in found.values()),
        "queries": found,
    }


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    shared = int(Path("/proc/self/statm").read_text().split()[2])
    return round((pages - shared) * os.sysconf("SC_PAGE_SIZE") / (1 << 20), 1)


def main() -> int:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="bench.listing")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true", help="write bench/results/")
    wish = parser.parse_args()
    found = asyncio.run(run(wish.folder, Shape(wish.scale), wish.seconds, wish.only))
    text = json.dumps(found, indent=1)
    if wish.keep:
        (RESULTS / f"listing-{time.strftime('%Y-%m-%d')}.json").write_text(f"{text}\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
