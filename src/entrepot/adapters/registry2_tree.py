"""What a registry:2 left in a data directory: only looked at, never touched."""

import os
from pathlib import Path

TREE = Path("docker/registry/v2/repositories")
VISITS_MAX = 20_000
"""Directories looked into: a fraction of a second."""


def count_repositories(root: Path) -> tuple[int, bool] | None:
    """Return how many repositories of registry:2 lie below `root`, and whether there may be more.

    None if there is no such tree. Blocking, bounded by `VISITS_MAX`.
    """
    if not (root / TREE).is_dir():
        return None
    found, visits = 0, 0
    waiting = [str(root / TREE)]
    while waiting and visits < VISITS_MAX:
        visits += 1
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            # Of another user, or gone by now: the number is for people only.
            continue
        # A name's part never begins with an underscore; a repository may lie within another.
        found += "_manifests" in names
        waiting += [f"{here}/{name}" for name in names if not name.startswith("_")]
    return found, bool(waiting)
