"""`python -m tools.worlds N`: worlds in which nobody may get more."""

import argparse
import asyncio
import sys
import time

import uvloop

from .faults import FAULTS
from .play import Played, play
from .world import open_town

SHOWN_MAX = 10


def main() -> int:
    """Play so many worlds; 1 if anybody got what was not theirs, or a planted fault was missed."""
    parser = argparse.ArgumentParser(prog="python -m tools.worlds", description=__doc__)
    parser.add_argument("worlds", type=int, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument(
        "--fault", choices=[*FAULTS, "all"], help="plant a fault, which has to be found"
    )
    options = parser.parse_args()
    names = [*FAULTS] if options.fault == "all" else [options.fault]
    bad = 0
    for name in names:
        if name is None:
            bad += _healthy(options.worlds, options.first)
            continue
        with FAULTS[name]():
            played = run(options.worlds, options.first, until_found=True)
        print(f"{name}: {'found' if played.escalations else 'MISSED'} after {played.worlds} worlds")
        bad += not played.escalations
    return 1 if bad else 0


def run(worlds: int, first: int = 0, *, until_found: bool = False) -> Played:
    """Play worlds one after the other."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(worlds, first, until_found=until_found))


async def _run(worlds: int, first: int, *, until_found: bool) -> Played:
    town = await open_town()
    played = Played()
    try:
        for seed in range(first, first + worlds):
            await play(town, seed, played)
            if until_found and played.escalations:
                break
    finally:
        await town.catalog.close()
    return played


def _healthy(worlds: int, first: int) -> int:
    started = time.perf_counter()
    played = run(worlds, first)
    seconds = time.perf_counter() - started
    tried = played.done + played.refused
    print(
        f"{played.worlds} worlds from seed {first}, {tried.total()} moves, "
        f"{played.done.total()} done, {len(played.escalations)} escalations, {seconds:.0f} s"
    )
    for name, count in sorted(tried.items()):
        print(f"  {name:16} {played.done[name]:>8} done {count - played.done[name]:>8} refused")
    for line in played.escalations[:SHOWN_MAX]:
        print("ESCALATION", line)
    return len(played.escalations)


if __name__ == "__main__":
    sys.exit(main())
