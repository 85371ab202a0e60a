"""Runs seeds: `python -m sim.run [SEEDS] [--first N] [--mutants] [--processes N]`."""

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from .mutants import MUTANTS
from .scenario import run_seed
from .world import Kit

MUTANT_SEEDS = 400
BATCH_SEEDS = 20
"""How many seeds a process is given at once."""

KITS = {kit.name: kit for kit in (Kit(), *MUTANTS)}
"""What may be run, by name; the product itself has none."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed that broke a promise, and how."""

    seed: int
    text: str


def first_failure(name: str, seeds: Sequence[int]) -> Failure | None:
    """Return the first seed that breaks a promise, with and without power cuts by turns."""
    for seed in seeds:
        try:
            run_seed(seed, KITS[name], crash=bool(seed % 2))
        except Exception as error:
            # An error that no client may see breaks a promise as much as a violation does.
            return Failure(seed, "".join(traceback.format_exception(error)))
    return None


def campaign(name: str, seeds: Sequence[int], processes: int) -> Failure | None:
    """Do what `first_failure` does, in several processes; the failure found may be a later one."""
    if processes < 2:
        return first_failure(name, seeds)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        outcomes = pool.imap_unordered(partial(first_failure, name), _batches(seeds))
        return next((failure for failure in outcomes if failure is not None), None)


def main() -> int:
    """Run the campaign; the exit status is 1 if a promise was broken or a mutant lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="where the seeds begin")
    parser.add_argument("--seed", type=int, help="run just this one")
    parser.add_argument("--mutants", action="store_true", help="run planted faults too")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    started = time.perf_counter()
    failure = campaign("", seeds, min(arguments.processes, len(seeds)))
    seconds = time.perf_counter() - started
    if failure is not None:
        print(f"{failure.text}\nagain: python -m sim.run --seed {failure.seed}")
        return 1
    print(f"{len(seeds)} seeds, 0 violations, {seconds:.1f} s")
    alive = 0
    for kit in MUTANTS if arguments.mutants else []:
        killed = campaign(kit.name, range(MUTANT_SEEDS), arguments.processes)
        alive += killed is None
        print(f"  mutant '{kit.name}': {f'dies at seed {killed.seed}' if killed else 'LIVES'}")
    return 1 if alive else 0


def _batches(seeds: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(seeds), BATCH_SEEDS):
        yield seeds[start : start + BATCH_SEEDS]


if __name__ == "__main__":
    sys.exit(main())
