"""`entrepot repo`: what repositories say of themselves, and how to use them."""

from pathlib import Path

import click

from entrepot.client.made.repositories import PageChange, RepositoriesApi

from .client import Client, CommandError
from .messages import _
from .naming import split_reference
from .options import json_option, server_options, show_change, show_json, show_table

REPOSITORIES_MAX = 1_000_000
"""Most that are listed."""

# What people read, in one place.
DESCRIBED = _("repository {name} described")
NO_REFERENCE = _("'{text}' names no artifact: write NAME:TAG or NAME@DIGEST")
NOTHING = _("nothing to write: use --description, --readme, --source or --maintainer")
HEADINGS = ("NAME", "DESCRIPTION")
USAGE_HEADINGS = ("CLIENT", "COMMAND")
DESCRIPTION, SOURCE, MAINTAINERS = _("description"), _("source"), _("maintainers")
ARTIFACTS, TAGS, PULLS = _("artifacts"), _("tags"), _("pulls")
PUSHED, PULLED = _("last push"), _("last pull")


@click.command("list")
@click.option("--project", metavar="PROJECT", help="Only those of this project.")
@json_option
@server_options
def list_repositories(client: Client, project: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List repositories with images."""
    api = RepositoriesApi(client)
    found = [*api.list_repositories_all(project=project, most=REPOSITORIES_MAX)]
    if as_json:
        show_json(found)
    else:
        lines = [one.description.partition("\n")[0] for one in found]
        show_table(HEADINGS, [*zip([one.name for one in found], lines, strict=True)])


@click.command("show", short_help="Show what a repository says of itself.")
@click.argument("name")
@json_option
@server_options
def show_repository(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show what repository NAME says of itself, and how much is in it."""
    found = RepositoriesApi(client).get_repository(name)
    if as_json:
        show_json(found)
        return
    counts = found.counts
    rows = [
        (DESCRIPTION, found.description),
        (SOURCE, found.source_url),
        (MAINTAINERS, ", ".join(found.maintainers)),
        (ARTIFACTS, counts.artifacts),
        (TAGS, counts.tags),
        (PULLS, counts.pulls),
        (PUSHED, counts.pushed_at or "-"),
        (PULLED, counts.pulled_at or "-"),
    ]
    for what, value in rows:
        if value != "":
            click.echo(f"{what}: {value}")


@click.command("readme")
@click.argument("name")
@server_options
def readme(client: Client, name: str) -> None:
    """Print the README of repository NAME, Markdown."""
    for line in RepositoriesApi(client).get_readme_repository(name):
        click.echo(line, nl=not line.endswith(b"\n"))


@click.command("describe", short_help="Write what people read of a repository.")
@click.argument("name")
@click.option("--description", help="A few words; empty to take them back.")
@click.option(
    "--readme",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of Markdown.",
)
@click.option("--source", metavar="URL", help="Where the source is.")
@click.option("--maintainer", "maintainers", multiple=True, help="Repeat for several.")
@json_option
@server_options
def describe(
    client: Client,
    name: str,
    readme: Path | None,
    maintainers: tuple[str, ...],
    *,
    as_json: bool,
    **given: str | None,
) -> None:
    """Write what people read of repository NAME; what is not named stays."""
    if readme is None and not maintainers and given == {"description": None, "source": None}:
        raise CommandError(NOTHING)
    change = PageChange(
        description=given["description"],
        readme=readme.read_text(encoding="utf-8") if readme is not None else None,
        source_url=given["source"],
        maintainers=[one for one in maintainers if one] if maintainers else None,
    )
    described = RepositoriesApi(client).describe_repository(name, change)
    show_change(described, DESCRIBED.format(name=name), as_json=as_json)


@click.command("usage")
@click.argument("artifact", metavar="NAME:TAG|NAME@DIGEST")
@json_option
@server_options
def usage(client: Client, artifact: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List commands that get an artifact.

    \b
    entrepot repo usage acme/web:1.0
    """  # noqa: D301 - click reads the control character
    found = RepositoriesApi(client).list_commands_that_get_artifact(*_split(artifact)).items
    if as_json:
        show_json(found)
    else:
        show_table(USAGE_HEADINGS, [(one.client, one.command) for one in found])


@click.command("dockerfile", short_help="Print a Dockerfile that tells how an image was made.")
@click.argument("artifact", metavar="NAME:TAG|NAME@DIGEST")
@click.option("--platform", metavar="OS/ARCH", help="Of an index: which image.")
@json_option
@server_options
def dockerfile(client: Client, artifact: str, platform: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print a Dockerfile that tells how an image was made, from its history."""
    name, reference = _split(artifact)
    found = RepositoriesApi(client).tell_how_image_was_made(name, reference, platform=platform)
    if as_json:
        show_json(found)
    else:
        click.echo(found.dockerfile, nl=False)


def _split(text: str) -> tuple[str, str]:
    name, reference = split_reference(text)
    if reference is None:
        raise CommandError(NO_REFERENCE.format(text=text))
    return name, reference
