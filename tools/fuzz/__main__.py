"""`python -m tools.fuzz`: campaigns; see tools/fuzz/README.md."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from tools.fuzz import hostile, manifests, requests, server, soak

WARM_SECONDS = 120.0
LONG_TOKENS = {"ENTREPOT_AUTH_TOKEN_SECONDS": "3600"}


def main() -> int:
    """Run what the command line names; 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    campaigns = parser.add_subparsers(required=True, metavar="CAMPAIGN")
    one = campaigns.add_parser("manifests", help="broken manifests against parser and admission")
    one.add_argument("count", type=int)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--first", type=int, default=0, help="number of the first one")
    one.add_argument("--jobs", type=int, default=1)
    one.set_defaults(run=run_manifests)
    one = campaigns.add_parser("requests", help="odd requests to a real server, open and closed")
    one.add_argument("count", type=int)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--clients", type=int, default=24)
    one.add_argument("--keep", type=Path, help="a folder for what failed, to replay")
    one.set_defaults(run=run_requests)
    one = campaigns.add_parser("replay", help="send once more what `requests` has kept")
    one.add_argument("file", type=Path)
    one.set_defaults(run=run_replay)
    one = campaigns.add_parser("hostile", help="slow, endless, smuggling, vanishing clients")
    one.add_argument("--scale", type=int, default=40, help="hundreds of idle connections")
    one.set_defaults(run=run_hostile)
    one = campaigns.add_parser("soak", help="watch a server's memory for some time")
    one.add_argument("--minutes", type=float, default=20)
    one.add_argument("--connections", type=int, default=64)
    one.add_argument("--seed", type=int, default=1)
    one.set_defaults(run=run_soak)
    options = parser.parse_args()
    found: list[str] = options.run(options)
    for line in found:
        print("FINDING", line)
    return 1 if found else 0


def run_manifests(options: argparse.Namespace) -> list[str]:
    """Judge as many manifests as are asked for."""
    outcome = manifests.campaign(
        options.count, seed=options.seed, first=options.first, jobs=options.jobs
    )
    for line in manifests.lines(outcome):
        print(line)
    return outcome.failures


def run_requests(options: argparse.Namespace) -> list[str]:
    """Send half of them to a server that asks for passwords, half to one that does not."""
    found: list[str] = []
    for auth in (False, True):
        with tempfile.TemporaryDirectory(prefix="entrepot-fuzz-") as folder:
            with server.running(Path(folder), auth=auth, settings=LONG_TOKENS) as registry:
                campaign = requests.Campaign(registry, options.seed, options.count // 2)
                campaign.keep = options.keep
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(campaign.run(options.clients))
            print("with" if auth else "without", "passwords:")
            for line in campaign.lines():
                print("  " + line)
            found += campaign.failures + server.findings(registry.data) + registry.trouble()
    return found


def run_replay(options: argparse.Namespace) -> list[str]:
    """Print what is answered now."""
    with tempfile.TemporaryDirectory(prefix="entrepot-fuzz-") as folder:
        with server.running(Path(folder), auth=False) as registry:
            for line in asyncio.run(requests.replay(registry, options.file.read_text())):
                print(line)
        return registry.trouble()


def run_hostile(options: argparse.Namespace) -> list[str]:
    """Run every attack against an open server."""
    with tempfile.TemporaryDirectory(prefix="entrepot-fuzz-") as folder:
        place = Path(folder)
        with server.running(place, auth=False, settings=hostile.SETTINGS) as registry:
            found = asyncio.run(hostile.run(registry, options.scale))
        return found + server.findings(registry.data) + registry.trouble()


def run_soak(options: argparse.Namespace) -> list[str]:
    """Soak a server that asks for passwords; clients leave uploads behind, which expire."""
    settings = {"ENTREPOT_UPLOADS_IDLE_SECONDS": "60", "ENTREPOT_UPLOADS_GRACE_SECONDS": "60"}
    with tempfile.TemporaryDirectory(prefix="entrepot-soak-") as folder:
        with server.running(Path(folder), auth=True, settings=settings) as registry:
            campaign = soak.Soak(registry, options.seed)
            work = campaign.run(connections=options.connections, seconds=options.minutes * 60)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(work)
            alive = registry.is_alive()
        warm = min(WARM_SECONDS, options.minutes * 15)
        for line in soak.report(campaign, warm_seconds=warm):
            print(line)
        found = campaign.failures + server.findings(registry.data) + registry.trouble()
        return found if alive else [*found, "the server died"]


if __name__ == "__main__":
    sys.exit(main())
