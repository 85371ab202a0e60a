"""`python -m tools.conformance [URL] [--publish]`: runs both suites."""

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import click

from tools.conformance.publishing import publish
from tools.conformance.running import DidNotRunError, Result, run_classic, run_newest
from tools.conformance.serving import fresh_registry
from tools.conformance.suites import CANNOT_BUILD
from tools.conformance.target import Target

EXIT_FAILED = 1
EXIT_UNUSABLE = 2


@click.command()
@click.argument("url", required=False)
@click.option("--publish", "keep", is_flag=True, help="Keep the results for the command line.")
def main(url: str | None, *, keep: bool) -> None:
    """Run both suites against URL, or against a fresh registry of our own."""
    if url is not None and keep:
        raise click.UsageError("only results of a fresh registry of our own are published")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        named = nullcontext(Target(urlsplit(url).netloc)) if url is not None else None
        try:
            with named or fresh_registry(folder) as target:
                newest = run_newest(target, folder)
                classic = run_classic(target, folder)
        except (*CANNOT_BUILD, DidNotRunError, OSError) as error:
            click.echo(f"conformance: {error}", err=True)
            sys.exit(EXIT_UNUSABLE)
    for result in (newest, classic):
        _tell(result)
    failed = bool(newest.failed or classic.failed)
    if keep and not failed:
        publish(newest, classic)
    sys.exit(EXIT_FAILED if failed else 0)


def _tell(result: Result) -> None:
    suite = result.suite
    counts = f"{result.passed} passed, {result.skipped} skipped, {result.failed} failed"
    click.echo(f"{suite.name} ({suite.specification}, {suite.commit[:12]}): {counts}")
    for what, names in (("skipped", result.skipped_names), ("FAILED", result.failed_names)):
        for name in names:
            click.echo(f"  {what}: {name}")


main()
