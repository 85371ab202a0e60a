"""`python -m tools.fleet`: a campaign; status 1 if anything was lost or wrong."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from .campaign import Orders, run
from .network import missing
from .site import Plan

KINDS = ("kill", "pause", "gc", "postgres", "wire", "s3", "net")
EMBEDDED = ("kill", "pause", "gc")
GRACE_SECONDS = 40.0
"""Far longer than a client takes from a blob to its manifest; short enough for some to be over."""


def main() -> None:
    """Run a campaign and print its figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.fleet", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="processes of each replica")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--nemesis", default="", help=f"of {','.join(KINDS)}; all that are possible"
    )
    parser.add_argument("--embedded", action="store_true", help="one replica on a directory")
    parser.add_argument("--repositories", type=int, default=4)
    parser.add_argument("--tags", type=int, default=4)
    parser.add_argument("--big-mib", type=int, default=256, help="pushed in big blobs in all")
    parser.add_argument("--report", type=Path, help="write the figures there, too")
    parser.add_argument("--logs", type=Path, help="a folder for the logs of replicas")
    given = parser.parse_args()
    possible: tuple[str, ...] = EMBEDDED if given.embedded else KINDS
    if missing():
        possible = tuple(kind for kind in possible if kind != "net")
    named = tuple(name for name in given.nemesis.split(",") if name and name != "none")
    kinds = named or (() if given.nemesis == "none" else possible)
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"no such nemesis: {', '.join(sorted(unknown))}")
    plan = Plan(
        replicas=1 if given.embedded else given.replicas,
        workers=given.workers,
        embedded=given.embedded,
        network="net" in kinds,
        seed=given.seed,
        grace_seconds=GRACE_SECONDS if "gc" in kinds else 0.0,
    )
    orders = Orders(
        plan,
        seconds=given.seconds,
        clients=given.clients,
        nemesis=kinds,
        repositories=given.repositories,
        tags=given.tags,
        big_bytes=given.big_mib << 20,
        logs=given.logs,
    )
    findings = asyncio.run(run(orders))
    text = json.dumps(findings.report(), indent=2)
    if given.report is not None:
        given.report.write_text(f"{text}\n")
    sys.stdout.write(f"{text}\n")
    for fault, what in findings.records.wrong[:10]:
        sys.stdout.write(f"{fault.value}: {what}\n")
    sys.exit(0 if findings.is_fine else 1)


if __name__ == "__main__":
    main()
