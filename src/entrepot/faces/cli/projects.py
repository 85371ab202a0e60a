"""`entrepot project`: namespaces of repositories."""

from typing import Any

import click

from entrepot.client.made.projects import NewProject, Project, ProjectChange, ProjectsApi
from entrepot.client.made.storage import StorageApi

from .client import Client, CommandError
from .following import show_started, wait_option
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    size_text,
)

HELP = {"help_option_names": ["-h", "--help"]}
PROJECTS_MAX = 100_000
"""Most that are listed."""

# What people read, in one place.
HEADINGS = ("NAME", "SEEN BY", "NETWORKS", "CREATED", "BY")
PUBLIC = _("everyone")
PRIVATE = _("members")
ANYWHERE = _("anywhere")
MADE = _("project {name} made; {seen}")
CHANGED = _("project {name} changed; {seen}")
SEEN = {
    True: _("anyone may pull from it"),
    False: _("only those may pull who were granted it"),
}
GONE = _("project {name} removed; nothing was in it")
NOTHING_TO_CHANGE = _(
    "say what to change: --public or --private, --network (may be repeated), or --any-network"
)
ONE_WAY = _("use --network or --any-network, not both")
WOULD_DELETE = _(
    "manifests of {name} that would go to the trash: {manifests}; purged from there too, they free "
    "{size}; nothing was changed"
)
NOTHING_THERE = _("there are no manifests in {name}: check the name")


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
@json_option
@server_options
def create(
    client: Client, name: str, networks: tuple[str, ...], *, public: bool, as_json: bool
) -> None:
    """Make project NAME; you run it."""
    body = NewProject(name=name, public=public, networks=[*networks])
    found = ProjectsApi(client).make_project(body)
    show_change(found, MADE.format(name=name, seen=SEEN[found.public]), as_json=as_json)


@projects.command("list")
@json_option
@server_options
def list_projects(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the projects that you may see."""
    found = [*ProjectsApi(client).list_projects_all(most=PROJECTS_MAX)]
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
    found = ProjectsApi(client).get_project(name)
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
@json_option
@server_options
def change(client: Client, name: str, **given: Any) -> None:
    """Change who may see project NAME, and from where."""
    networks, anywhere = given["networks"], given["any_network"]
    if networks and anywhere:
        raise click.UsageError(ONE_WAY)
    wanted = [*networks] if networks or anywhere else None
    body = ProjectChange(public=given["public"], networks=wanted)
    if body == ProjectChange():
        raise click.UsageError(NOTHING_TO_CHANGE)
    found = ProjectsApi(client).change_project(name, body)
    text = CHANGED.format(name=name, seen=SEEN[found.public])
    show_change(found, text, as_json=given["as_json"])


@projects.command("delete")
@click.argument("name")
@dry_run_option
@wait_option
@json_option
@server_options
def delete_project(client: Client, name: str, **given: bool) -> None:
    """Delete all repositories of project NAME.

    They go into the trash; an empty project goes itself.
    """
    if given["dry_run"]:
        show_cost(client, name, is_project=True, as_json=given["as_json"])
        return
    job = ProjectsApi(client).delete_project(name)
    if job is None:
        show_removed([name], [GONE.format(name=name)], as_json=given["as_json"])
        return
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


def show_cost(client: Client, name: str, *, is_project: bool, as_json: bool) -> None:
    """Say what deleting a project or repository would free."""
    storage = StorageApi(client)
    if is_project:
        cost = storage.get_storage_cost(project=name)
    else:
        cost = storage.get_storage_cost(repository=name)
    if as_json:
        show_json(cost)
    elif not cost.manifests:
        raise CommandError(NOTHING_THERE.format(name=name))
    else:
        size = size_text(cost.unique_bytes)
        click.echo(WOULD_DELETE.format(name=name, manifests=cost.manifests, size=size))


def _row(one: Project) -> tuple[str, ...]:
    return (
        one.name,
        PUBLIC if one.public else PRIVATE,
        " ".join(one.networks) or ANYWHERE,
        one.created_at,
        one.created_by or "-",
    )
