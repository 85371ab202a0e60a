"""`entrepot grant` and `entrepot role`: who may do what, where."""

from typing import Any
from urllib.parse import quote, urlencode

import click

from .client import Client
from .following import ROOT
from .options import all_pages, json_option, server_options, show_json, show_table

HELP = {"help_option_names": ["-h", "--help"]}
LISTED_MAX = 100_000
"""Most that are listed."""
REGISTRY = "*"

# What people read, in one place.
HEADINGS = ("ID", "WHO", "MAY", "WHERE", "GIVEN", "BY")
ROLE_HEADINGS = ("NAME", "KIND", "PERMISSIONS", "ABOUT")
PERMISSION_HEADINGS = ("NAME", "LEVEL", "ROLES", "ABOUT")
GIVEN = "{who} now has {what} on {where} (grant {id})"
TAKEN = "grant {id} taken away"
EVERYONE = "everyone"
WHOLE_REGISTRY = "the whole registry"
ROLE_SET = "role {name} now holds {permissions}"
ROLE_REMOVED = "role {name} removed"
WHAT = "name a role, or permissions with --permissions, and not both"
WHO = "name one receiver: a user, --group NAME, or --everyone"
WHOSE = "name one of a scope, --user, --group, --robot and --everyone"
TOO_FEW = "say what is given, and where: grant add WHO ROLE SCOPE"
TOO_MANY = "there are too many words: the role is said by --permissions, WHO by its option"


@click.group("grant", context_settings=HELP)
def grants() -> None:
    """Say who may do what in which project."""


@grants.command("add")
@click.argument("words", nargs=-1, required=True, metavar="[USER] [ROLE] SCOPE")
@click.option("--group", metavar="NAME", help="Give it to all in this group.")
@click.option("--everyone", is_flag=True, help="Give it to whoever comes, without an account too.")
@click.option(
    "--permissions", metavar="NAMES", help="Give these permissions, with commas between, no role."
)
@json_option
@server_options
def add(client: Client, words: tuple[str, ...], **given: Any) -> None:
    """Give somebody a role in SCOPE.

    That is a project, a pattern of repositories in it, or * for the registry.

    \b
    entrepot grant add alice developer acme
    entrepot grant add --group web maintainer 'acme/web/**'
    entrepot grant add bob --permissions repository.pull,history.read acme
    """  # noqa: D301 - click reads the control character
    who, role, scope = _words(words, given)
    permissions = [one.strip() for one in (given["permissions"] or "").split(",") if one.strip()]
    body = {**who, "scope": scope, "role": role, "permissions": permissions}
    found = client.call("POST", f"{ROOT}/grants", body)
    if given["as_json"]:
        show_json(found)
        return
    where = WHOLE_REGISTRY if scope == REGISTRY else scope
    told = {"who": _who(found), "what": _what(found), "where": where, "id": found["id"]}
    click.echo(GIVEN.format(**told))


@grants.command("list")
@click.argument("scope", required=False)
@click.option("--user", metavar="NAME", help="What this user was given.")
@click.option("--group", metavar="NAME", help="What this group was given.")
@click.option("--robot", metavar="NAME", help="What this robot was given, as robot$ci.")
@click.option("--everyone", is_flag=True, help="What everyone was given.")
@json_option
@server_options
def list_grants(client: Client, scope: str | None, **given: Any) -> None:
    """List the grants in project SCOPE.

    With * or nothing, those on the whole registry.
    """
    as_json = given.pop("as_json")
    kinds = [(kind, value) for kind, value in given.items() if value]
    if len(kinds) + (scope is not None) > 1:
        raise click.UsageError(WHOSE)
    path = f"{ROOT}/grants"
    if kinds:
        ((kind, value),) = kinds
        named = {} if kind == EVERYONE else {"subject": value}
        path += f"?{urlencode({'subject_kind': kind, **named})}"
    elif scope not in (None, REGISTRY):
        path = f"{ROOT}/projects/{quote(str(scope).partition('/')[0], safe='')}/grants"
    found = all_pages(client, path, most=LISTED_MAX)
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@grants.command("remove")
@click.argument("ids", nargs=-1, required=True, type=int, metavar="ID...")
@server_options
def remove(client: Client, ids: tuple[int, ...]) -> None:
    """Take grants away, by the IDs that `grant list` shows."""
    for grant_id in ids:
        client.call("DELETE", f"{ROOT}/grants/{grant_id}")
        click.echo(TAKEN.format(id=grant_id))


@click.group("role", context_settings=HELP)
def roles() -> None:
    """Say what roles hold, and make roles of your own."""


@roles.command("list")
@json_option
@server_options
def list_roles(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the roles that can be granted."""
    found = all_pages(client, f"{ROOT}/roles", most=LISTED_MAX)
    if as_json:
        show_json(found)
    else:
        rows = [(one["name"], _kind(one), len(one["permissions"]), _about(one)) for one in found]
        show_table(ROLE_HEADINGS, rows)


@roles.command("show")
@click.argument("name")
@json_option
@server_options
def show(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show the permissions of role NAME."""
    found = client.call("GET", _role_path(name))
    if as_json:
        show_json(found)
    else:
        click.echo("\n".join(found["permissions"]))


@roles.command("put")
@click.argument("name")
@click.argument("permissions", nargs=-1, required=True, metavar="PERMISSION...")
@click.option("--about", default="", metavar="TEXT", help="What the role is for, in a few words.")
@server_options
def put(client: Client, name: str, permissions: tuple[str, ...], about: str) -> None:
    """Make role NAME of these PERMISSIONs.

    Or change it for all who have it.
    """
    body = {"permissions": permissions, "description": about}
    found = client.call("PUT", _role_path(name), body)
    click.echo(ROLE_SET.format(name=name, permissions=", ".join(found["permissions"])))


@roles.command("remove")
@click.argument("name")
@server_options
def remove_role(client: Client, name: str) -> None:
    """Remove role NAME, which nobody has any more."""
    client.call("DELETE", _role_path(name))
    click.echo(ROLE_REMOVED.format(name=name))


@roles.command("permissions")
@json_option
@server_options
def list_permissions(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List all permissions, with the built-in roles that hold them."""
    found = all_pages(client, f"{ROOT}/permissions", most=LISTED_MAX)
    if as_json:
        show_json(found)
    else:
        rows = [
            (one["name"], one["level"], ",".join(one["roles"]) or "-", one["about"])
            for one in found
        ]
        show_table(PERMISSION_HEADINGS, rows)


def _words(words: tuple[str, ...], given: dict[str, Any]) -> tuple[dict[str, str], str, str]:
    """Return receiver, role and scope of `[USER] [ROLE] SCOPE`."""
    by_option = bool(given["group"]) + given["everyone"]
    if by_option > 1:
        raise click.UsageError(WHO)
    wanted = 3 - by_option - bool(given["permissions"])
    if len(words) != wanted:
        raise click.UsageError(TOO_FEW if len(words) < wanted else TOO_MANY)
    rest = [*words]
    who = {"subject_kind": EVERYONE, "subject": ""}
    if given["group"]:
        who = {"subject_kind": "group", "subject": given["group"]}
    elif not given["everyone"]:
        who = {"subject_kind": "user", "subject": rest.pop(0)}
    role = "" if given["permissions"] else rest.pop(0)
    return who, role, rest.pop(0)


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    where = WHOLE_REGISTRY if one["scope"] == REGISTRY else one["scope"]
    by = one["created_by"] or "-"
    return (one["id"], _who(one), _what(one), where, one["created_at"], by)


def _who(one: dict[str, Any]) -> str:
    return f"{one['subject_kind']} {one['subject']}".rstrip()


def _what(one: dict[str, Any]) -> str:
    return f"role {one['role']}" if one["role"] else ",".join(one["permissions"])


def _kind(one: dict[str, Any]) -> str:
    return "built in" if one["built_in"] else "custom"


def _about(one: dict[str, Any]) -> str:
    return one["description"] or "-"


def _role_path(name: str) -> str:
    return f"{ROOT}/roles/{quote(name, safe='')}"
