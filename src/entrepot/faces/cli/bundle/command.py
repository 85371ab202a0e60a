"""The command `entrepot bundle`."""

import re
import sys
from pathlib import Path

import click

from entrepot.faces.cli.client import CommandError
from entrepot.faces.cli.messages import _
from entrepot.faces.cli.options import EXIT_FAILED, json_option, show_json, size_text, told

from .platforms import MACHINES, this_platform, this_python

PYTHON = re.compile(r"3\.(1[1-9]|[2-9][0-9])")

# What people read, in one place.
NO_PYTHON = _("'{text}' is no Python that Entrepot runs on: write it as 3.11, or newer")
MADE = _("{target}: Entrepot {version} for {platforms}, Python {pythons}; {files} files, {size}")
SUM = _("SHA256SUMS has the sum {digest}: tell it to whoever installs")


@click.command(
    "bundle",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Write what an installation without a network needs.",
)
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    type=click.Choice([*MACHINES]),
    help="For which machines, may be repeated [this one].",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="3.N",
    help="For which Python there, may be repeated [the one that runs this].",
)
@click.option(
    "--image",
    metavar="FILE|NAME",
    help="Add a container image: an archive, or the name of one that podman or docker has here.",
)
@json_option
def bundle(
    *,
    target: Path,
    platforms: tuple[str, ...],
    pythons: tuple[str, ...],
    image: str | None,
    as_json: bool,
) -> None:
    """Write packages, chart, compose files, unit and install.sh to TARGET, with checksums.

    TARGET is a new directory, or a file if it ends in .tar or .tar.gz. Packages are fetched by pip,
    in the versions and with the hashes that this Entrepot is locked to; PIP_INDEX_URL and the rest
    of pip's settings hold.

    \b
    entrepot bundle entrepot.tar.gz --platform linux/amd64 --python 3.11 --python 3.13
    tar -xzf entrepot.tar.gz && entrepot-*/install.sh --start      # there, without a network
    """  # noqa: D301 - click reads the control character
    from .making import Wanted, make

    for text in pythons:
        if PYTHON.fullmatch(text) is None:
            raise click.UsageError(NO_PYTHON.format(text=text))
    wanted = Wanted(platforms or (this_platform(),), pythons or (this_python(),), image)
    try:
        made = make(target, wanted)
    except (CommandError, OSError) as error:
        click.echo(
            f"entrepot: {told(error) if isinstance(error, CommandError) else error}", err=True
        )
        sys.exit(EXIT_FAILED)
    if as_json:
        show_json(made)
        return
    facts = {
        "target": target,
        "version": made.version,
        "platforms": ", ".join(made.platforms),
        "pythons": ", ".join(made.pythons),
        "files": made.files,
        "size": size_text(made.size_bytes),
    }
    click.echo(MADE.format(**facts))
    click.echo(SUM.format(digest=made.sums_sha256))
