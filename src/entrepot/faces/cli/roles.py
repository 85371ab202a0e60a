"""`entrepot role`: what roles hold, and roles of one's own."""

import click

from entrepot.client.made.roles import NamedRole, RoleBody, RolesApi

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

HELP = {"help_option_names": ["-h", "--help"]}
LISTED_MAX = 100_000
"""Most that are listed."""

# What people read, in one place.
ROLE_HEADINGS = ("NAME", "KIND", "PERMISSIONS", "ABOUT")
PERMISSION_HEADINGS = ("NAME", "LEVEL", "ROLES", "ABOUT")
ROLE_SET = _("role {name} now holds {permissions}")
ROLE_REMOVED = _("role {name} removed")
WOULD_REMOVE_ROLE = _("role {name} would be removed: {permissions}; nothing was changed")
BUILT_IN, CUSTOM = _("built in"), _("custom")


@click.group("role", context_settings=HELP)
def roles() -> None:
    """Say what roles hold, and make roles of your own."""


@roles.command("list")
@json_option
@server_options
def list_roles(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the roles that can be granted."""
    found = [*RolesApi(client).list_roles_all(most=LISTED_MAX)]
    if as_json:
        show_json(found)
    else:
        rows = [(one.name, _kind(one), len(one.permissions), _about(one)) for one in found]
        show_table(ROLE_HEADINGS, rows)


@roles.command("show")
@click.argument("name")
@json_option
@server_options
def show(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show the permissions of role NAME."""
    found = RolesApi(client).get_role(name)
    if as_json:
        show_json(found)
    else:
        click.echo("\n".join(found.permissions))


@roles.command("put")
@click.argument("name")
@click.argument("permissions", nargs=-1, required=True, metavar="PERMISSION...")
@click.option("--about", default="", metavar="TEXT", help="What the role is for, in a few words.")
@json_option
@server_options
def put(
    client: Client, name: str, permissions: tuple[str, ...], about: str, *, as_json: bool
) -> None:
    """Make role NAME of these PERMISSIONs.

    Or change it for all who have it.
    """
    body = RoleBody(permissions=[*permissions], description=about)
    found = RolesApi(client).put_role(name, body)
    text = ROLE_SET.format(name=name, permissions=", ".join(found.permissions))
    show_change(found, text, as_json=as_json)


@roles.command("remove")
@click.argument("name")
@dry_run_option
@json_option
@server_options
def remove_role(client: Client, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Remove role NAME, which nobody has any more."""
    if dry_run:
        found = RolesApi(client).get_role(name)
        text = WOULD_REMOVE_ROLE.format(name=name, permissions=", ".join(found.permissions))
        show_would([found], [text], as_json=as_json)
        return
    RolesApi(client).remove_role(name)
    show_removed([name], [ROLE_REMOVED.format(name=name)], as_json=as_json)


@roles.command("permissions")
@json_option
@server_options
def list_permissions(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List all permissions, with the built-in roles that hold them."""
    found = RolesApi(client).list_permissions().items
    if as_json:
        show_json(found)
    else:
        rows = [(one.name, one.level, ",".join(one.roles) or "-", one.about) for one in found]
        show_table(PERMISSION_HEADINGS, rows)


def _kind(one: NamedRole) -> str:
    return BUILT_IN if one.built_in else CUSTOM


def _about(one: NamedRole) -> str:
    return one.description or "-"
