"""`entrepot conformance`: how this version did in the OCI conformance suites."""

from importlib import resources
from typing import Annotated

import click
import msgspec

from .messages import _
from .options import show_table

RESULTS = "conformance.yaml"
SUMMARY = "conformance.json"

HEADINGS = ("SUITE", "SPECIFICATION", "COMMIT", "PASSED", "SKIPPED", "FAILED")
NOT_RUN = _("skipped by {suite}: {name}")
COMMIT_SHOWN = 12


class _Run(msgspec.Struct, frozen=True):
    """What one suite found; the file is written by `python -m tools.conformance --publish`."""

    suite: str
    specification: str
    commit: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}$")]
    passed: int
    skipped: int
    failed: int
    skipped_names: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        counts = (self.passed, self.skipped, self.failed)
        return (self.suite, self.specification, self.commit[:COMMIT_SHOWN], *map(str, counts))


@click.command(
    short_help="Print how this version did in the OCI suite.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--summary", is_flag=True, help="Only how many tests passed, of both suites.")
def conformance(summary: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print how this version did in the OCI conformance suite, as its results.yaml."""
    folder = resources.files(__package__ or "")
    if not summary:
        click.echo((folder / RESULTS).read_text(encoding="utf-8"), nl=False)
        return
    runs = msgspec.json.decode((folder / SUMMARY).read_bytes(), type=tuple[_Run, ...])
    show_table(HEADINGS, [run.cells for run in runs])
    for run in runs:
        for name in run.skipped_names:
            click.echo(NOT_RUN.format(suite=run.suite, name=name))
