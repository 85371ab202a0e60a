"""A short campaign on a real fleet; and canaries, whose lies a campaign must find."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.liar import Lie, serving
from tests.servers.fixtures import postgres_programs
from tests.servers.seaweed import program
from tools.fleet.campaign import Campaign, Findings, Orders
from tools.fleet.network import missing
from tools.fleet.records import Fault
from tools.fleet.replicas import Replica
from tools.fleet.site import Plan, Site

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("ENTREPOT_FLEET_SECONDS", "40"))
SEED = os.environ.get("ENTREPOT_FLEET_SEED", "1")
CANARY_SECONDS = 1.5

FOUND: dict[Lie, set[Fault]] = {
    Lie.STALE: {Fault.ORDER},
    Lie.DROPPED: {Fault.ORDER},
    Lie.UNDONE: {Fault.ORDER, Fault.LOST},
    Lie.GONE: {Fault.ORDER, Fault.LOST},
    Lie.BLOB: {Fault.LOST},
    Lie.BYTES: {Fault.BYTES},
}


class Pretended(Replica):
    """A replica that runs elsewhere."""

    is_running = True

    async def ready(self, limit_seconds: float = 0.0) -> None:
        return


async def canary(lie: Lie, folder: Path) -> Findings:
    """A campaign on two replicas that are one registry in memory."""
    plan = Plan(replicas=2, embedded=True)
    orders = Orders(
        plan, CANARY_SECONDS, clients=6, nemesis=(), big_bytes=20 << 20, settle_seconds=0.0
    )
    site = Site(plan)
    try:
        async with serving(lie) as address:
            site.replicas += [
                Pretended(name, folder / name, address=address, environment={})
                for name in ("a", "b")
            ]
            return await Campaign(site, orders).run()
    finally:
        site.workspace.close()


async def test_an_honest_registry_passes(tmp_path: Path) -> None:
    findings = await canary(Lie.NONE, tmp_path)
    assert findings.records.wrong == []
    assert findings.is_fine
    assert findings.records.errors.total() == 0
    assert findings.report()["operations"]["push"] > 5


@pytest.mark.parametrize("lie", FOUND)
async def test_a_lie_is_found(lie: Lie, tmp_path: Path) -> None:
    findings = await canary(lie, tmp_path)
    assert not findings.is_fine
    assert FOUND[lie] & {fault for fault, _ in findings.records.wrong}


@pytest.mark.slow
@pytest.mark.blackbox
@pytest.mark.timeout(SECONDS * 2 + 240)
def test_a_fleet_under_attack_loses_nothing(tmp_path: Path) -> None:
    """Again with ENTREPOT_FLEET_SEED, longer with ENTREPOT_FLEET_SECONDS."""
    postgres_programs()
    program()
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "tools.fleet", "--seconds", str(SECONDS), "--seed", SEED]
    # In a process of its own, as its replicas may be in network namespaces, beyond loopback.
    done = subprocess.run(
        [*command, "--report", report, "--clients", "16", "--big-mib", "200"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert report.exists(), done.stderr[-3000:]
    found = json.loads(report.read_text())
    assert done.returncode == 0, json.dumps(found, indent=1)[-6000:]
    assert found["wrong"] == {}
    kinds = {name.split()[0] for name in found["harm"]}
    assert kinds >= {"kill", "pause", "postgres", "wire", "s3"} | (set() if missing() else {"net"})
    assert found["acknowledged"]["manifests"] > 20
