"""`entrepot robot`: accounts of machines."""

import re
from typing import Any

import click

from entrepot.client.made.robots import (
    NewRobotBody,
    Robot,
    RobotChangeBody,
    RobotGrant,
    RobotsApi,
    Rotation,
)
from entrepot.rules.robots import OVERLAP_MAX_SECONDS, PREFIX

from .client import Client
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    show_would,
)
from .scopes import grant_options, grants_of, grants_text, network_option, tell_secret

ROBOTS_MAX = 100_000
"""Most that are listed."""

# What people read, in one place.
MADE = _("robot {name} made; its secret, shown this once (docker login -u '{name}'):")
ROTATED = _("robot {name} has a new secret, shown this once; the old one is good {until}:")
NO_MORE = _("no more")
SECONDS_MORE = _("for {seconds:.0f} s more")
CHANGED = _("robot {name} changed")
REMOVED = _("robot {name} removed: its secrets and tokens are not good any more")
WOULD_REMOVE = _(
    "robot {name}, last used: {used}, would be removed, and its secrets and tokens be good no "
    "more; nothing was changed"
)
HEADINGS = ("NAME", "STATE", "EXPIRES", "LAST USED", "GRANTS")
ON, OFF, NEVER, NOTHING = _("on"), _("off"), _("never"), _("nothing")
UNUSED = _("not yet")
NOTHING_TO_CHANGE = _("say what to change: --help tells what there is")
NOT_A_SPAN = _("'{text}' is no time: write 90s, 30m, 24h or 7d")
ONE_OF = _("use --grants-none alone, without grants")
NO_GRANTS = _(
    "note: it may do nothing yet; `entrepot robot change {name} --pull ...` gives it grants"
)

_SPAN = re.compile(r"([0-9]{1,7})([smhd])")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@click.group("robot", context_settings={"help_option_names": ["-h", "--help"]})
def robots() -> None:
    """Make, list, change, rotate and remove robot accounts."""


@robots.command()
@click.argument("name")
@click.option("--project", default="", help="Whose it is; without it, the registry's.")
@grant_options
@click.option("--expires", default="never", metavar="WHEN", help="As 30d or a date [never].")
@network_option
@click.option("--description", default="", help="What it is for.")
@json_option
@server_options
def create(client: Client, name: str, project: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes by name
    """Make robot NAME, as `ci`, and print its secret.

    The secret stands alone on standard output, unless that is a terminal.

    \b
    entrepot robot create ci --project acme --push acme/web --expires 90d
    entrepot robot create mirror --pull '*'
    """  # noqa: D301 - click reads the control character
    body = NewRobotBody(
        name=name,
        project=project,
        grants=grants_of(options, RobotGrant),
        expires=options["expires"],
        networks=[*options["network"]],
        description=options["description"],
    )
    made = RobotsApi(client).make_robot(body)
    if as_json:
        show_json(made)
    else:
        tell_secret(MADE.format(name=made.name), made.secret)
    if not made.grants:
        click.echo(f"entrepot: {NO_GRANTS.format(name=made.name.removeprefix(PREFIX))}", err=True)


@robots.command("list")
@click.option("--project", help="Those of one project.")
@click.option("--registry", is_flag=True, help="Those of the registry.")
@json_option
@server_options
def list_robots(client: Client, project: str | None, registry: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List robots."""
    whose = "" if registry and project is None else project
    found = [*RobotsApi(client).list_robots_all(project=whose, most=ROBOTS_MAX)]
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
    found = RobotsApi(client).get_robot(_full(name))
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(found)])


@robots.command()
@click.argument("name")
@grant_options
@click.option("--grants-none", is_flag=True, help="Take all its grants away.")
@click.option("--expires", metavar="WHEN", help="As 30d, a date, or never.")
@network_option
@click.option("--anywhere", is_flag=True, help="It is taken from every network.")
@click.option("--description", help="What it is for.")
@click.option("--on/--off", "enabled", default=None, help="Switch it on or off.")
@json_option
@server_options
def change(client: Client, name: str, **options: Any) -> None:
    """Change robot NAME.

    Grants and networks that are named stand for all it has.
    """
    grants = grants_of(options, RobotGrant)
    if grants and options["grants_none"]:
        raise click.UsageError(ONE_OF)
    body = RobotChangeBody(
        expires=options["expires"],
        description=options["description"],
        enabled=options["enabled"],
        grants=grants if grants or options["grants_none"] else None,
        networks=[*options["network"]] if options["network"] or options["anywhere"] else None,
    )
    if body == RobotChangeBody():
        raise click.UsageError(NOTHING_TO_CHANGE)
    changed = RobotsApi(client).change_robot(_full(name), body)
    show_change(changed, CHANGED.format(name=changed.name), as_json=options["as_json"])


@robots.command()
@click.argument("name")
@click.option(
    "--overlap", default="0s", metavar="TIME", help="How long the old one stays good, as 24h [0s]."
)
@json_option
@server_options
def rotate(client: Client, name: str, overlap: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Make a new secret for robot NAME.

    The secret stands alone on standard output, unless that is a terminal.
    """
    seconds = _seconds(overlap)
    made = RobotsApi(client).rotate_robot(_full(name), Rotation(overlap_seconds=seconds))
    if as_json:
        show_json(made)
        return
    until = SECONDS_MORE.format(seconds=seconds) if seconds else NO_MORE
    tell_secret(ROTATED.format(name=made.name, until=until), made.secret)


@robots.command()
@click.argument("name")
@dry_run_option
@json_option
@server_options
def remove(client: Client, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Remove robot NAME; its tokens end at once."""
    full = _full(name)
    if dry_run:
        found = RobotsApi(client).get_robot(full)
        text = WOULD_REMOVE.format(name=full, used=found.used_at or UNUSED)
        show_would([found], [text], as_json=as_json)
        return
    RobotsApi(client).remove_robot(full)
    show_removed([full], [REMOVED.format(name=full)], as_json=as_json)


def _full(name: str) -> str:
    """Return a robot's full name: shells make little of a dollar sign, so that it may be left."""
    return name if name.startswith(PREFIX) else f"{PREFIX}{name}"


def _seconds(text: str) -> float:
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        raise click.UsageError(NOT_A_SPAN.format(text=text))
    return min(int(span[1]) * _UNIT_SECONDS[span[2]], OVERLAP_MAX_SECONDS + 1)


def _row(found: Robot) -> tuple[str, ...]:
    return (
        found.name,
        ON if found.enabled else OFF,
        found.expires_at or NEVER,
        found.used_at or UNUSED,
        grants_text(found.grants) or NOTHING,
    )
