"""`entrepot project`: namespaces of repositories."""

from typing import Any
from urllib.parse import quote, urlencode

import click

from .client import Client, CommandError
from .following import ROOT, show_started, wait_option
from .options import all_pages, json_option, server_options, show_json, show_table, size_text

HELP = {"help_option_names": ["-h", "--help"]}
PROJECTS_MAX = 100_000
"""Most that are listed."""

# What people read, in one place.
HEADINGS = ("NAME", "SEEN BY", "FROM", "MADE", "BY")
PUBLIC = "everyone"
PRIVATE = "members"
ANYWHERE = "anywhere"
MADE = "project {name} made; {seen}"
CHANGED = "project {name} changed; {seen}"
SEEN = {
    True: "anyone may pull from it",
    False: "only those may pull who were granted it",
}
GONE = "project {name} removed; nothing was in it"
NOTHING_TO_CHANGE = (
    "say what to change: --public or --private, --network (may be repeated), or --any-network"
)
ONE_WAY = "use --network or --any-network, not both"
WOULD_DELETE = (
    "manifests of {name} that would go to the trash: {manifests}; purged from there too, they free "
    "{size}; nothing was changed"
)
NOTHING_THERE = "there are no manifests in {name}: check the name"


@click.group("project", context_settings=HELP)
def projects() -> None:
    """Make, change, list and delete projects."""


@projects.command("create")
@click.argument("name")
@click.option("--public", is_flag=True, help="Let anyone pull from it, without an account too.")
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Take callers only from this network; may be repeated.",
)
@server_options
def create(client: Client, name: str, public: bool, networks: tuple[str, ...]) -> None:  # noqa: FBT001 - click passes by name
    """Make project NAME; you run it."""
    body = {"name": name, "public": public, "networks": networks}
    found = client.call("POST", f"{ROOT}/projects", body)
    click.echo(MADE.format(name=name, seen=SEEN[found["public"]]))


@projects.command("list")
@json_option
@server_options
def list_projects(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the projects that you may see."""
    found = all_pages(client, f"{ROOT}/projects", most=PROJECTS_MAX)
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@projects.command("show")
@click.argument("name")
@json_option
@server_options
def show(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show project NAME."""
    found = client.call("GET", project_path(name))
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(found)])


@projects.command("change")
@click.argument("name")
@click.option("--public/--private", default=None, help="Let anyone pull from it, or only members.")
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Take callers only from this network, in place of those before; may be repeated.",
)
@click.option("--any-network", is_flag=True, help="Take callers from anywhere again.")
@server_options
def change(client: Client, name: str, **given: Any) -> None:
    """Change who may see project NAME, and from where."""
    networks, anywhere = given["networks"], given["any_network"]
    if networks and anywhere:
        raise click.UsageError(ONE_WAY)
    body: dict[str, Any] = {}
    if given["public"] is not None:
        body["public"] = given["public"]
    if networks or anywhere:
        body["networks"] = networks
    if not body:
        raise click.UsageError(NOTHING_TO_CHANGE)
    found = client.call("PATCH", project_path(name), body)
    click.echo(CHANGED.format(name=name, seen=SEEN[found["public"]]))


@projects.command("delete")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would go, and do nothing.")
@wait_option
@json_option
@server_options
def delete_project(client: Client, name: str, **given: bool) -> None:
    """Delete all repositories of project NAME.

    They go into the trash; an empty project goes itself.
    """
    if given["dry_run"]:
        show_cost(client, name, {"project": name}, as_json=given["as_json"])
        return
    job = client.call("DELETE", project_path(name))
    if job is None:
        click.echo(GONE.format(name=name))
        return
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


def project_path(name: str) -> str:
    """Return the address of a project."""
    return f"{ROOT}/projects/{quote(name, safe='')}"


def show_cost(client: Client, name: str, what: dict[str, str], *, as_json: bool) -> None:
    """Say what deleting a project or repository would free."""
    cost = client.call("GET", f"{ROOT}/storage/cost?{urlencode(what)}")
    if as_json:
        show_json(cost)
    elif not cost["manifests"]:
        raise CommandError(NOTHING_THERE.format(name=name))
    else:
        size = size_text(cost["unique_bytes"])
        click.echo(WOULD_DELETE.format(name=name, manifests=cost["manifests"], size=size))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        one["name"],
        PUBLIC if one["public"] else PRIVATE,
        " ".join(one["networks"]) or ANYWHERE,
        one["created_at"],
        one["created_by"] or "-",
    )
