"""`entrepot robot`: accounts of machines."""

import re
from typing import Any
from urllib.parse import quote

import click

from entrepot.rules.robots import OVERLAP_MAX_SECONDS, PREFIX

from .client import Client
from .options import all_pages, json_option, server_options, show_json, show_table
from .scopes import grant_options, grants_of, grants_text, network_option, tell_secret

PATH = "/api/entrepot/v1/robots"
ROBOTS_MAX = 100_000
"""Most that are listed."""

# What people read, in one place.
MADE = "robot {name} made; its secret, shown this once (docker login -u '{name}'):"
ROTATED = "robot {name} has a new secret, shown this once; the old one is good {until}:"
NO_MORE = "no more"
SECONDS_MORE = "for {seconds:.0f} s more"
CHANGED = "robot {name} changed"
REMOVED = "robot {name} removed: its secrets and tokens are not good any more"
HEADINGS = ("NAME", "STATE", "EXPIRES", "LAST USED", "GRANTS")
ON, OFF, NEVER, NOTHING = "on", "off", "never", "nothing"
NOTHING_TO_CHANGE = "say what to change: --help tells what there is"
NOT_A_SPAN = "'{text}' is no time: write 90s, 30m, 24h or 7d"
ONE_OF = "use --grants-none alone, without grants"

_SPAN = re.compile(r"([0-9]{1,7})([smhd])")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@click.group("robot", context_settings={"help_option_names": ["-h", "--help"]})
def robots() -> None:
    """Make, list, change, rotate and remove robot accounts."""


@robots.command()
@click.argument("name")
@click.option("--project", default="", help="Whose it is; without it, the registry's.")
@grant_options
@click.option("--expires", default=NEVER, metavar="WHEN", help="As 30d or a date [never].")
@network_option
@click.option("--description", default="", help="What it is for.")
@json_option
@server_options
def create(client: Client, name: str, project: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes by name
    """Make robot NAME, as `ci`, and print its secret.

    Alone, unless to a terminal.
    """
    body = {
        "name": name,
        "project": project,
        "grants": grants_of(options),
        "expires": options["expires"],
        "networks": options["network"],
        "description": options["description"],
    }
    made = client.call("POST", PATH, body)
    if as_json:
        show_json(made)
    else:
        tell_secret(MADE.format(name=made["name"]), made["secret"])


@robots.command("list")
@click.option("--project", help="Those of one project.")
@click.option("--registry", is_flag=True, help="Those of the registry.")
@json_option
@server_options
def list_robots(client: Client, project: str | None, registry: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List robots."""
    query = ""
    if registry or project is not None:
        query = f"?project={quote(project or '', safe='')}"
    found = all_pages(client, f"{PATH}{query}", most=ROBOTS_MAX)
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@robots.command()
@click.argument("name")
@json_option
@server_options
def show(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show robot NAME: `acme+ci` of a project, `ci` of the registry."""
    found = client.call("GET", _path(name))
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(found)])


@robots.command()
@click.argument("name")
@grant_options
@click.option("--grants-none", is_flag=True, help="It may do nothing.")
@click.option("--expires", metavar="WHEN", help="As 30d, a date, or never.")
@network_option
@click.option("--anywhere", is_flag=True, help="It is taken from every network.")
@click.option("--description", help="What it is for.")
@click.option("--on/--off", "enabled", default=None, help="Switch it on or off.")
@server_options
def change(client: Client, name: str, **options: Any) -> None:
    """Change robot NAME.

    Grants and networks that are named stand for all it has.
    """
    grants = grants_of(options)
    if grants and options["grants_none"]:
        raise click.UsageError(ONE_OF)
    body: dict[str, Any] = {
        key: options[key]
        for key in ("expires", "description", "enabled")
        if options[key] is not None
    }
    if grants or options["grants_none"]:
        body["grants"] = grants
    if options["network"] or options["anywhere"]:
        body["networks"] = options["network"]
    if not body:
        raise click.UsageError(NOTHING_TO_CHANGE)
    click.echo(CHANGED.format(name=client.call("PATCH", _path(name), body)["name"]))


@robots.command()
@click.argument("name")
@click.option("--overlap", default="0s", metavar="TIME", help="How long the old one stays good.")
@json_option
@server_options
def rotate(client: Client, name: str, overlap: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Make a new secret for robot NAME.

    It is printed alone, unless to a terminal.
    """
    seconds = _seconds(overlap)
    made = client.call("POST", f"{_path(name)}/rotate", {"overlap_seconds": seconds})
    if as_json:
        show_json(made)
        return
    until = SECONDS_MORE.format(seconds=seconds) if seconds else NO_MORE
    tell_secret(ROTATED.format(name=made["name"], until=until), made["secret"])


@robots.command()
@click.argument("name")
@server_options
def remove(client: Client, name: str) -> None:
    """Remove robot NAME; its tokens end at once."""
    client.call("DELETE", _path(name))
    click.echo(REMOVED.format(name=_full(name)))


def _full(name: str) -> str:
    """Return a robot's full name: shells make little of a dollar sign, so that it may be left."""
    return name if name.startswith(PREFIX) else f"{PREFIX}{name}"


def _path(name: str) -> str:
    return f"{PATH}/{quote(_full(name), safe='')}"


def _seconds(text: str) -> float:
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        raise click.UsageError(NOT_A_SPAN.format(text=text))
    return min(int(span[1]) * _UNIT_SECONDS[span[2]], OVERLAP_MAX_SECONDS + 1)


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    return (
        found["name"],
        ON if found["enabled"] else OFF,
        found["expires_at"] or NEVER,
        found["used_at"] or NEVER,
        grants_text(found["grants"]) or NOTHING,
    )
