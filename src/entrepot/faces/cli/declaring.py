"""`entrepot plan`, `apply` and `export`: a registry's configuration as a file."""

import re
import sys
from typing import Any, TextIO
from urllib.parse import urlencode

import click
import msgspec

from .asking import is_sure
from .client import Client, CommandError
from .messages import _
from .options import EXIT_FAILED, json_option, server_options, show_json

HELP = {"help_option_names": ["-h", "--help"]}
ROOT = "/api/entrepot/v1/configuration"
FILE_MAX_CHARACTERS = 1024 * 1024
VALUE_MAX = 200
"""Longest value shown of a field."""

# What people read, in one place.
NOTHING = _("nothing to do: all is as {file} says")
SUMMARY = _("{add} to add, {change} to change, {remove} to remove")
ASK = _("Do it?")
DONE = _("done: {count} steps")
STOPPED = _("done: {count} of {all} steps; then {what} failed: {error}")
TOO_LONG = _("the file is longer than {most} characters: apply it in parts")
OF_PROJECT = _("{what} of project {project}")
LOST = _("nothing was done")
AT = _("{file}, line {line}: {message}")

_SIGNS = {"add": "+", "change": "~", "remove": "-"}
_COLORS = {"add": "green", "change": "yellow", "remove": "red"}
_PLACE = re.compile(r"(\$|[a-z_]+(?:\[\d+\]|\.[\w-]+)*): ")
_KEY = re.compile(r"unknown field `([^`]+)`")


def _file(command: Any) -> Any:
    option = click.option(
        "-f",
        "--file",
        "source",
        type=click.File(encoding="utf-8"),
        required=True,
        metavar="FILE",
        help="The YAML file; - for standard input.",
    )
    pruning = click.option(
        "--prune", is_flag=True, help="Remove what else is in the lists of the file."
    )
    return option(pruning(command))


@click.command(context_settings=HELP)
@_file
@json_option
@server_options
def plan(client: Client, source: TextIO, prune: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show what `apply` would do.

    The exit code is 0 also when there is something to do.
    """
    made = _Asked(source, prune=prune).post(client, "plan")
    if as_json:
        show_json(made)
    else:
        _show(made["steps"], source.name)


@click.command(context_settings=HELP)
@_file
@click.option("--yes", is_flag=True, help="Do not ask before anything is changed.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done, as `plan` does.")
@json_option
@server_options
def apply(
    client: Client,
    source: TextIO,
    *,
    prune: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the registry as a file says.

    What the file does not mention stays, unless --prune is given. Applying it once more changes
    nothing.

    \b
    entrepot apply -f registry.yaml --dry-run
    entrepot export | entrepot apply -f - --yes
    """  # noqa: D301 - click reads the control character
    asked = _Asked(source, prune=prune)
    made = asked.post(client, "plan")
    if not as_json:
        _show(made["steps"], source.name)
    if dry_run or not made["steps"]:
        if as_json:
            show_json({"done": [], "failed": None, "error": "", "planned": made["steps"]})
        return
    if not yes and not is_sure(ASK):
        raise CommandError(LOST)
    outcome = asked.post(client, "apply", fingerprint=made["fingerprint"])
    count = len(outcome["done"])
    if as_json:
        show_json(outcome)
    elif outcome["failed"] is None:
        click.echo(DONE.format(count=count))
    if outcome["failed"] is not None:
        what = _title(outcome["failed"])
        text = STOPPED.format(
            count=count, all=len(made["steps"]), what=what, error=outcome["error"]
        )
        click.echo(f"entrepot: {text}", err=True)
        sys.exit(EXIT_FAILED)


@click.command(context_settings=HELP)
@click.option("--project", "projects", multiple=True, help="Only this one; may be repeated.")
@json_option
@server_options
def export(client: Client, projects: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print the configuration as a file that `apply` takes.

    Secrets are not in it, nor users and robots, whose passwords would be.
    """
    query = f"?{urlencode([('project', name) for name in projects])}" if projects else ""
    found = client.call("GET", f"{ROOT}{query}")
    if as_json:
        show_json(found)
        return
    # 20 ms of start-up that other commands need not pay.
    import yaml  # type: ignore[import-untyped]

    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)
    click.echo(text, nl=False)


class _Asked:
    """A file as it is sent, and where in it things stand."""

    def __init__(self, source: TextIO, *, prune: bool) -> None:
        # 20 ms of start-up that other commands need not pay.
        from .yamlfile import YamlError, read_yaml

        text = source.read(FILE_MAX_CHARACTERS + 1)
        if len(text) > FILE_MAX_CHARACTERS:
            raise CommandError(TOO_LONG.format(most=FILE_MAX_CHARACTERS))
        try:
            self._read = read_yaml(text)
        except YamlError as error:
            raise CommandError(f"{source.name}, {error}") from error
        self._file = source.name
        self._prune = prune

    def post(self, client: Client, what: str, **more: str) -> Any:
        """Send it; an error that names a place in the file gets its line."""
        body = {"document": self._read.value, "prune": self._prune, **more}
        try:
            return client.call("POST", f"{ROOT}/{what}", body)
        except CommandError as error:
            line = self._line(str(error))
            if line is None:
                raise
            message = str(error).removeprefix("$: ")
            told = AT.format(file=self._file, line=line, message=message)
            raise CommandError(told) from error

    def _line(self, message: str) -> int | None:
        """Return the line that a message is about, where it names a place."""
        found, key = _PLACE.match(message), _KEY.search(message)
        if found is None:
            return None
        place = "$" if found[1] == "$" else f"$.{found[1]}"
        return self._read.line(f"{place}.{key[1]}" if key else place)


def _show(steps: list[dict[str, Any]], file: str) -> None:
    """Print steps as a difference for people."""
    for step in steps:
        verb = step["verb"]
        click.secho(f"{_SIGNS[verb]} {_title(step)}", fg=_COLORS[verb])
        for change in step["changes"]:
            before, after = _text(change["before"]), _text(change["after"])
            name = change["field"]
            if verb == "change":
                click.echo(f"    {name}: {before} -> {after}")
            else:
                click.echo(f"    {name}: {after if verb == 'add' else before}")
    if not steps:
        click.echo(NOTHING.format(file=file))
        return
    counts = {verb: sum(step["verb"] == verb for step in steps) for verb in _SIGNS}
    click.echo(SUMMARY.format(**counts))


def _title(step: dict[str, Any]) -> str:
    what = f"{step['kind']} {step['name']}"
    return OF_PROJECT.format(what=what, project=step["project"]) if step["project"] else what


def _text(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}..."
