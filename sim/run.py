"""Runs seeds: `python -m sim.run [SEEDS] [--seed N] [--mutants]`."""

import argparse
import sys
import time
import traceback

from .mutants import MUTANTS
from .scenario import run_seed
from .world import Kit

MUTANT_SEEDS = 400
RARE_SEEDS = 3000


def first_failure(kit: Kit, seeds: range) -> tuple[int, Exception] | None:
    """Return the first seed that breaks a promise, with and without power cuts by turns."""
    for seed in seeds:
        try:
            run_seed(seed, kit, crash=bool(seed % 2))
        except Exception as error:
            # An error that no client may see breaks a promise as much as a violation does.
            return seed, error
    return None


def main() -> int:
    """Run the campaign; the exit status is 1 if a promise was broken or a mutant lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, help="run just this one")
    parser.add_argument("--mutants", action="store_true", help="run planted faults too")
    arguments = parser.parse_args()
    seeds = range(arguments.seeds)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    started = time.perf_counter()
    failure = first_failure(Kit(), seeds)
    seconds = time.perf_counter() - started
    if failure is not None:
        seed, error = failure
        traceback.print_exception(error)
        print(f"seed {seed}: {error!r}\n  again: python -m sim.run --seed {seed}")
        return 1
    print(f"{len(seeds)} seeds, 0 violations, {seconds:.1f} s")
    alive = 0
    for kit in MUTANTS if arguments.mutants else []:
        killed = first_failure(kit, range(RARE_SEEDS if kit.rare else MUTANT_SEEDS))
        alive += killed is None
        print(f"  mutant '{kit.name}': {f'dies at seed {killed[0]}' if killed else 'LIVES'}")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
