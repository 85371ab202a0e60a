"""The simulation holds, repeats itself, and still sees planted faults."""

import os
import subprocess
import sys

import pytest

from sim.mutants import MUTANTS
from sim.run import first_failure
from sim.world import Kit

SEEDS = int(os.environ.get("ENTREPOT_SIM_SEEDS", "40"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_promise_is_broken() -> None:
    """Checks I1, I2, I3, I5, I6, I11 and that nothing acknowledged is lost, under power cuts."""
    failure = first_failure(Kit(), range(SEEDS))
    assert failure is None, f"python -m sim.run --seed {failure[0]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "kit", [kit for kit in MUTANTS if not kit.rare], ids=lambda kit: kit.name.replace(" ", "-")
)
def test_a_planted_fault_is_found(kit: Kit) -> None:
    assert first_failure(kit, range(400)) is not None


def test_a_seed_repeats_itself_whatever_the_hash_seed() -> None:
    program = "from sim.scenario import *; print(run_seed(3, Kit(), crash=True))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in (1, 2)
    }
    assert len(runs) == 1
