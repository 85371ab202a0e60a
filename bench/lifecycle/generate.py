"""Makes a large registry's data directory.

`python -m bench.lifecycle.generate DIR --scale 1.0`

It is complete and consistent, as if all had been pushed over two years: `entrepot fsck` finds
nothing. Rows are written in one transaction and without a journal, files without a sync.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from entrepot.adapters.datadir import DataDirectory
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER

from .events import write_events
from .files import FileWriter
from .pushes import Pushes, Repository
from .rows import Rows
from .shape import QUIET_SECONDS, SPAN_SECONDS, Shape

SEED = 20261121
FLUSHED_PUSHES = 2048
KINDS = ("api", "web", "worker", "batch", "proxy", "base", "tools")
RETENTION = "keep n: 3\nkeep where pushed within 657d\n"
"""Deletes the oldest tenth of two years, but for what is among the newest three."""


def generate(path: Path, scale: float, now: float, *, events: bool = False) -> Shape:
    """Make the directory, which must be new; all times are before `now`.

    With `events` the outbox tells of all of it: the server's journal takes that over at its start.
    """
    shape = Shape(scale)
    path.mkdir(parents=True)
    data = DataDirectory(path)
    files = FileWriter(path)
    rows = Rows(data.catalog, files)
    began_at = now - QUIET_SECONDS - SPAN_SECONDS
    repositories = _owners(rows, shape, began_at)
    pushes = Pushes(rows, shape, random.Random(SEED), began_at)
    for count, (at, one) in enumerate(_in_time(repositories, shape, began_at), 1):
        pushes.push(one, at)
        if count % FLUSHED_PUSHES == 0:
            rows.flush()
    pushes.finish(repositories)
    if events:
        known = {one.id: one for one in repositories}
        rows.fill(lambda raw: write_events(raw, known))
    rows.close()
    files.close()
    data.close()
    # What is measured next must not share the disk with what is written back.
    os.sync()
    return shape


def _owners(rows: Rows, shape: Shape, at: float) -> list[Repository]:
    """Write projects' policies, ledgers and repositories, the largest repository first."""
    projects = [f"project-{number:03}" for number in range(shape.projects)]
    users = [f"user-{number:02}" for number in range(shape.users)]
    document = json.dumps({"text": RETENTION})
    rows.put_all("policies", ((name, "retention", document, at, "operator") for name in projects))
    owners = [(KIND_PROJECT, name) for name in projects] + [(KIND_USER, name) for name in users]
    ledgers = {owner: number for number, owner in enumerate(owners, 1)}
    rows.put_all(
        "ledgers", ((number, *owner, 0, 0, None, None) for owner, number in ledgers.items())
    )
    made = []
    for number in range(shape.repositories):
        project, user = projects[number % len(projects)], users[number * 7 % len(users)]
        name = f"{project}/{KINDS[number % len(KINDS)]}-{number:04}"
        held = (ledgers[KIND_PROJECT, project], ledgers[KIND_USER, user])
        made.append(Repository(number + 1, name, user, held))
    rows.put_all("repositories", ((one.id, one.name, one.name, at) for one in made))
    return made


def _in_time(
    repositories: list[Repository], shape: Shape, began_at: float
) -> Iterator[tuple[float, Repository]]:
    """Yield who is pushed to, and when, over the whole span."""
    chance = random.Random(SEED + 1)
    counts = zip(repositories, shape.units(), strict=True)
    turns = [(chance.random(), one.id) for one, count in counts for _ in range(count)]
    turns.sort()
    for share, number in turns:
        yield began_at + share * SPAN_SECONDS, repositories[number - 1]


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="must not exist")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is 1 M blobs [1.0]")
    parser.add_argument("--events", action="store_true", help="fill the outbox, for rebuild")
    wish = parser.parse_args()
    began = time.perf_counter()
    try:
        generate(wish.folder, wish.scale, time.time(), events=wish.events)
    except FileExistsError:
        print(f"bench: {wish.folder} exists: name a new directory", file=sys.stderr)
        return 1
    print(f"made in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
