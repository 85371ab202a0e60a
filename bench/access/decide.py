"""How long a decision takes: `python -m bench.access.decide FILE`.

FILE is a catalog that `bench.access.generate` made. Cold is the first question of a user about a
project since rights were changed: project, grants and roles are read. Cached is any later one.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog
from entrepot.rules.access import Identity, Kind, Policy, decide
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.services.facts import FactsService

QUESTIONS = 10_000
GOALS_MICROSECONDS = {"cold": 500.0, "cached": 50.0}
POLICY = Policy()
Pair = tuple[Identity, Target]


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", type=Path)
    return asyncio.run(_measure(arguments.parse_args().file))


async def _measure(file: Path) -> int:
    catalog = await open_catalog(f"sqlite:///{file}")
    try:
        pairs = await _pairs(catalog)
        facts = FactsService(catalog)
        failed = 0
        for name in ("cold", "cached"):
            taken = sorted(await _ask(facts, pairs))
            median, late = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
            goal = GOALS_MICROSECONDS[name]
            failed += late > goal
            print(f"{name}: p50 {median:.1f}, p99 {late:.1f}, most {taken[-1]:.1f} us; goal {goal}")
    finally:
        await catalog.close()
    return int(failed > 0)


async def _ask(facts: FactsService, pairs: Sequence[Pair]) -> list[float]:
    """Return the microseconds of each decision."""
    taken = []
    for identity, target in pairs:
        start = time.perf_counter()
        found = await facts.of(identity, target.project)
        decide(identity, Permission.PUSH, target, POLICY, found)
        taken.append((time.perf_counter() - start) * 1e6)
        # Each question is a request of its own, and looks at the epoch anew.
        await asyncio.sleep(0)
    return taken


async def _pairs(catalog: Catalog) -> list[Pair]:
    """Return different users and projects, by chance but the same each time."""
    async with catalog.begin() as tx:
        users = [one.name for one in await tx.accounts.page("", 100_000)]
        projects = [one.name for one in await tx.projects.page("", 100_000)]
    chance = random.Random(20261121)
    chosen = {(chance.choice(users), chance.choice(projects)) for _ in range(QUESTIONS)}
    return [
        (
            Identity(user, Role.USER, kind=Kind.USER),
            Target.of(RepositoryName(f"{project}/web/app")),
        )
        for user, project in sorted(chosen)
    ]


if __name__ == "__main__":
    sys.exit(main())
