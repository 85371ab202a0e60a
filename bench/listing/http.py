"""The same over HTTP, at Harbor's API: what clients wait for.

    python -m bench.listing.http DIR [--seconds 3] [--only WORD] [--keep]

Starts the server on DIR, which `bench.listing.generate` made, and asks it over sixteen connections
that are kept open. Client and server share the machine.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.audit.__main__ import BEGIN, SECONDS
from bench.lifecycle.machine import moment
from entrepot.rules.moments import shown

from .__main__ import CONNECTIONS, RESULTS
from .generate import ADMIN, PASSWORD, YEAR_SECONDS, Shape
from .queries import WORDS

START_SECONDS = 60.0
_BASIC = base64.b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()

Paths = dict[str, Callable[[], str]]


def paths(shape: Shape, now: float) -> Paths:
    """Return what is asked for by name; each call asks with other values."""
    chance = random.Random(13)
    here = "projects/acme/repositories"
    big = f"{here}/big/artifacts"

    def page(count: int, size: int = 10) -> str:
        return f"page={chance.randrange(max(1, count // size)) + 1}&page_size={size}"

    def q(text: str) -> str:
        return f"q={quote(text, safe='=~')}"

    def week(key: str, begin: float, seconds: float) -> str:
        low = begin + chance.random() * (seconds - 7 * 86_400)
        return q(f"{key}=[{shown(low)}~{shown(low + 7 * 86_400)}]")

    def number() -> int:
        return chance.randrange(shape.big)

    year = (now - YEAR_SECONDS, YEAR_SECONDS)
    return {
        "projects": lambda: f"projects?{page(shape.projects)}",
        "projects, a word": lambda: f"projects?{q(f'name=~{chance.randrange(100)}')}",
        "repositories": lambda: f"{here}?{page(shape.small)}",
        "repositories, a word": lambda: f"{here}?{q(f'name=~{chance.randrange(100)}')}",
        "repositories by update": lambda: f"{here}?sort=-update_time&{page(shape.small)}",
        "artifacts": lambda: f"{big}?page_size=10",
        "artifacts, any page": lambda: f"{big}?{page(shape.big)}",
        "artifacts, any page of 100": lambda: f"{big}?{page(shape.big, 100)}",
        "artifacts with a tag": lambda: f"{big}?{q(f'tags=build-{100_000 + number()}')}",
        "artifacts, a word": lambda: f"{big}?{q(f'tags=~{chance.choice(WORDS)}')}",
        "artifacts, a new word": lambda: f"{big}?{q(f'tags=~-{number()}')}",
        "artifacts, tagged": lambda: f"{big}?{q('tags=*')}&{page(shape.big)}",
        "artifacts, untagged": lambda: f"{big}?{q('tags=nil')}&{page(shape.big // 30)}",
        "artifacts by time": lambda: f"{big}?{week('push_time', *year)}",
        "artifacts with a label": lambda: f"{big}?{q(f'labels=({chance.randrange(20) + 1})')}",
        "an artifact": lambda: f"{big}/build-{100_001 + number() // 25 * 25}",
        "its tags": lambda: f"{big}/build-{100_001 + number() // 25 * 25}/tags",
        "search": lambda: f"search?q=service-{chance.randrange(100)}",
        "users": lambda: f"users?{page(shape.users)}",
        "users, a word": lambda: f"users?{q(f'username=~{chance.randrange(100)}')}",
        "groups": lambda: f"usergroups?{page(500)}",
        "robots": lambda: f"robots?{page(1000)}",
        "members": lambda: f"projects/acme/members?{page(3000)}",
        "quotas": lambda: f"quotas?sort=-used.storage&{page(shape.projects)}",
        "labels": lambda: "labels?scope=g&page_size=10",
        "audit": lambda: f"audit-logs?{page(shape.audit)}",
        "audit, of a user": lambda: f"audit-logs?{q('username=robot$ci')}&{page(1000)}",
        "audit, an operation": lambda: f"audit-logs?{q('operation=delete')}&{page(1000)}",
        "audit, a week": lambda: f"audit-logs?{week('op_time', BEGIN, shape.audit * SECONDS)}",
        "audit of a project": lambda: f"projects/acme/logs?{page(1000)}",
    }


class Connection:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, int, int]:
        """Return status, bytes of the body and X-Total-Count, -1 where there is none."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = (f"GET /api/v2.0/{path} HTTP/1.1", "Host: bench", f"Authorization: Basic {_BASIC}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await self._reader.readexactly(int(fields.get("content-length", "0")))
        return int(head[9:12]), len(body), int(fields.get("x-total-count", "-1"))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


async def measure(
    port: int, process_id: int, path: Callable[[], str], seconds: float
) -> dict[str, Any]:
    """Return the first answer's time, percentiles of the others, and the server's work, in ms."""
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    _, size, total = await connections[0].get(path())
    first = time.perf_counter() - begun
    # All are open before the clock runs: among busy ones a server accepts them one after another.
    await asyncio.gather(*(connection.get(path()) for connection in connections))
    times: list[float] = []
    statuses: dict[int, int] = {}
    worked = moment(process_id).server_cpu_seconds
    end = time.perf_counter() + seconds

    async def ask(connection: Connection) -> None:
        while time.perf_counter() < end:
            asked = time.perf_counter()
            status, _, _ = await connection.get(path())
            times.append(time.perf_counter() - asked)
            statuses[status] = statuses.get(status, 0) + 1

    await asyncio.gather(*(ask(connection) for connection in connections))
    worked = moment(process_id).server_cpu_seconds - worked
    for connection in connections:
        connection.close()
    times.sort()
    return {
        "first_ms": round(first * 1000, 2),
        "p50_ms": round(statistics.median(times) * 1000, 2),
        "p95_ms": round(times[int(0.95 * (len(times) - 1))] * 1000, 2),
        "max_ms": round(times[-1] * 1000, 2),
        "cpu_ms": round(worked / len(times) * 1000, 2),
        "per_second": round(len(times) / seconds),
        "total": total,
        "size_bytes": size,
        "statuses": statuses,
    }


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """Start the server; yield its port and process id."""
    address = folder / "run" / "address"
    address.unlink(missing_ok=True)
    command = [sys.executable, "-m", "entrepot", "serve", "--data", str(folder)]
    environment = {**os.environ, "ENTREPOT_LOG_ACCESS": "false"}
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0"], stdout=log, stderr=log, env=environment
        )
    try:
        end = time.perf_counter() + START_SECONDS
        while not address.exists():
            if process.poll() is not None or time.perf_counter() > end:
                raise SystemExit(f"the server did not start: see {log.name}")
            time.sleep(0.05)
        yield int(address.read_text().rstrip().rpartition(":")[2].rstrip("/")), process.pid
    finally:
        process.terminate()
        process.wait(60)


def own_mib(process_id: int) -> float:
    """Return memory that is the server's own: pages of the database are mapped, and come and go."""
    fields = Path(f"/proc/{process_id}/status").read_text().split()
    return int(fields[fields.index("RssAnon:") + 1]) / 1024


def run(folder: Path, shape: Shape, seconds: float, only: str) -> dict[str, Any]:
    """Measure all, or those whose name has a word in it."""
    found: dict[str, Any] = {}
    with serving(folder) as (port, process_id):
        before = own_mib(process_id)
        for name, path in paths(shape, time.time()).items():
            if only in name:
                found[name] = asyncio.run(measure(port, process_id, path, seconds))
                found[name]["rss_mib"] = round(own_mib(process_id), 1)
                print(f"{name:30}{json.dumps(found[name])}", file=sys.stderr)
        after, load = own_mib(process_id), moment(process_id).load
    return {
        "scale": shape.scale,
        "connections": CONNECTIONS,
        "over": "HTTP, /api/v2.0, basic authentication, client on the same machine",
        "cores": os.cpu_count(),
        "load": load,
        "rss_before_mib": round(before, 1),
        "rss_mib": round(after, 1),
        "worst_p95_ms": max(one["p95_ms"] for one in found.values()),
        "queries": found,
    }


def main() -> int:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="bench.listing.http")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true", help="write bench/results/")
    wish = parser.parse_args()
    found = run(wish.folder, Shape(wish.scale), wish.seconds, wish.only)
    text = json.dumps(found, indent=1)
    if wish.keep:
        (RESULTS / f"listing-http-{time.strftime('%Y-%m-%d')}.json").write_text(f"{text}\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
