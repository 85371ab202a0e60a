"""A log of a million lines, and how long any page of it takes.

    python -m bench.audit FILE [--lines N]

FILE is filled if it is not there. Prints one JSON object: for each combination of filters how many
pages were read, from the newest line on and from places by chance, and their times.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog

LINES = 1_000_000
SECONDS = 30.0
"""Between two lines: a year in all."""
BEGIN = 1_750_000_000.0
PAGES = 12
"""Read in a row from one place."""
PLACES = 6
LIMIT = 100
BATCH = 50_000
OPERATIONS = ("manifest.published", "tag.moved", "tag.deleted", "login", "repository.pull")
_INSERT = (
    "INSERT INTO audit (at, actor, address, client, operation, project, resource, result, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def rows(count: int, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    """Yield lines: a CI robot did most of it, and a few people a few things."""
    digest = "sha256:" + "ab" * 32
    for number in range(count):
        user, other = (int(chance.paretovariate(0.5)) for _ in range(2))
        actor = "robot$ci" if chance.random() < 0.6 else f"user{user % 5000}"
        project = "acme" if chance.random() < 0.4 else f"project{other % 2000}"
        operation = OPERATIONS[min(int(chance.expovariate(1.2)), len(OPERATIONS) - 1)]
        refused = chance.random() < 0.003
        yield (
            BEGIN + number * SECONDS,
            actor,
            f"192.0.2.{number % 250}",
            "docker/28.0.1 go/go1.23 kernel/6.8 os/linux arch/amd64",
            operation,
            project,
            f"{project}/service-{number % 40}:build-{number}",
            "denied" if refused else "done",
            json.dumps({"digest": digest, "size": 1234, "tags": [f"build-{number}"]}),
        )


async def fill(path: Path, count: int) -> None:
    """Make a catalog with so many lines."""
    await (await open_catalog(path)).close()
    chance = random.Random(5)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        raw.executemany(_INSERT, rows(count, chance))
    raw.close()


def queries() -> Iterator[tuple[str, AuditQuery]]:
    """Return every combination of filters, common values and rare ones, with its name."""
    end = BEGIN + LINES * SECONDS
    for actor, project, operation, refused, since, until in product(
        ("", "robot$ci", "user77", "nobody"),
        ("", "acme", "project77"),
        ("", "manifest.published", "repository.pull"),
        (False, True),
        (None, BEGIN + 0.5 * (end - BEGIN)),
        (None, BEGIN + 0.7 * (end - BEGIN)),
    ):
        query = AuditQuery(actor, project, operation, refused, since, until)
        parts = (actor, project, operation, "refused" * refused, "since" * bool(since))
        yield " ".join(p for p in (*parts, "until" * bool(until)) if p) or "all", query


async def measure(catalog: Catalog, chance: random.Random) -> dict[str, list[float]]:
    """Return the times of pages in ms, by combination."""
    async with catalog.begin() as tx:
        last = await tx.audit.last()
    found: dict[str, list[float]] = {}
    for name, query in queries():
        times = found.setdefault(name, [])
        for before in (None, *(chance.randrange(last) for _ in range(PLACES))):
            place: int | None = before
            for _ in range(PAGES):
                begun = time.perf_counter()
                async with catalog.begin() as tx:
                    page = await tx.audit.page(query, place, LIMIT)
                times.append((time.perf_counter() - begun) * 1000)
                place = page.next
                if place is None:
                    break
    return found


def report(found: dict[str, list[float]]) -> dict[str, Any]:
    """Return percentiles of all pages, and of the slowest combinations."""
    everything = sorted(time for times in found.values() for time in times)
    p95 = {name: _p95(times) for name, times in found.items()}
    slowest = sorted(p95, key=lambda name: -p95[name])[:8]
    return {
        "combinations": len(found),
        "pages": len(everything),
        "p50_ms": round(statistics.median(everything), 2),
        "p95_ms": round(_p95(everything), 2),
        "max_ms": round(everything[-1], 2),
        "slowest_p95_ms": {name: round(p95[name], 2) for name in slowest},
    }


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


async def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(prog="bench.audit")
    parser.add_argument("file", type=Path)
    parser.add_argument("--lines", type=int, default=LINES)
    given = parser.parse_args()
    if not given.file.exists():
        await fill(given.file, given.lines)
    catalog = await open_catalog(given.file)
    found = await measure(catalog, random.Random(7))
    await catalog.close()
    json.dump(report(found), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    asyncio.run(main())
