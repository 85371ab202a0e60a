"""`entrepot group`: users who are given things together."""

import click

from entrepot.client.made.groups import GroupChange, GroupsApi, Member, NewGroup

from .asking import be_sure
from .client import Client
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_each,
    show_json,
    show_removed,
    show_table,
    show_would,
)

GROUPS_MAX = 100_000
"""Most that are listed; as many members."""

# What people read, in one place.
MADE = _("group {name} made")
CHANGED = _("group {name} changed")
REMOVED = _("group {name} removed, with all that it was granted")
ENTERED = _("{user} is in group {name}")
LEFT = _("{user} is no longer in group {name}")
WOULD_LEAVE = _("{user} would be taken out of group {name}; nothing was changed")
NOT_IN = _("{user} is not in group {name}; nothing was changed")
WOULD_REMOVE = _(
    "group {name} would be removed, with its {count} members' part in all that it was granted; "
    "nothing was changed"
)
HEADINGS = ("NAME", "CREATED", "DESCRIPTION")
MEMBER_HEADINGS = ("USER", "AS SAID BY")
SURE = _("Remove group {name}, with all that it was granted?")


@click.group("group", context_settings={"help_option_names": ["-h", "--help"]})
def groups() -> None:
    """Make, fill, list and remove groups of users."""


@groups.command()
@click.argument("name")
@click.option("--description", default="", help="What it is for.")
@json_option
@server_options
def create(client: Client, name: str, description: str, *, as_json: bool) -> None:
    """Make group NAME.

    A group of a directory is made under its name there.
    """
    made = GroupsApi(client).make_group(NewGroup(name=name, description=description))
    show_change(made, MADE.format(name=name), as_json=as_json)


@groups.command()
@click.argument("name")
@click.argument("description")
@json_option
@server_options
def describe(client: Client, name: str, description: str, *, as_json: bool) -> None:
    """Say what group NAME is for."""
    changed = GroupsApi(client).change_group(name, GroupChange(description=description))
    show_change(changed, CHANGED.format(name=name), as_json=as_json)


@groups.command("list")
@json_option
@server_options
def list_groups(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List groups."""
    found = [*GroupsApi(client).list_groups_all(most=GROUPS_MAX)]
    if as_json:
        show_json(found)
    else:
        rows = [(one.name, one.created_at, one.description) for one in found]
        show_table(HEADINGS, rows)


@groups.command()
@click.argument("name")
@json_option
@server_options
def members(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List who is in group NAME, and who says so."""
    found = _members(client, name)
    if as_json:
        show_json(found)
    else:
        show_table(MEMBER_HEADINGS, [(one.user, ", ".join(one.sources)) for one in found])


@groups.command()
@click.argument("name")
@click.argument("users", metavar="USER...", nargs=-1, required=True)
@json_option
@server_options
def add(client: Client, name: str, users: tuple[str, ...], *, as_json: bool) -> None:
    """Put USERs into group NAME."""
    show_each(
        users,
        lambda user: GroupsApi(client).add_member(name, user),
        lambda user: ENTERED.format(user=user, name=name),
        key="added",
        as_json=as_json,
    )


@groups.command("take-out")
@click.argument("name")
@click.argument("users", metavar="USER...", nargs=-1, required=True)
@dry_run_option
@json_option
@server_options
def take_out(
    client: Client, name: str, users: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Take USERs out of group NAME."""
    if dry_run:
        found = [one for one in _members(client, name) if one.user in users]
        there = {one.user for one in found}
        texts = [
            (WOULD_LEAVE if user in there else NOT_IN).format(user=user, name=name)
            for user in users
        ]
        show_would(found, texts, as_json=as_json)
        return
    show_each(
        users,
        lambda user: GroupsApi(client).remove_member(name, user),
        lambda user: LEFT.format(user=user, name=name),
        key="removed",
        as_json=as_json,
    )


@groups.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@json_option
@server_options
def remove(client: Client, name: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove group NAME, with all that it was granted."""
    if dry_run:
        found = GroupsApi(client).get_group(name)
        text = WOULD_REMOVE.format(name=name, count=len(_members(client, name)))
        show_would([found], [text], as_json=as_json)
        return
    if not yes:
        be_sure(SURE.format(name=name))
    GroupsApi(client).remove_group(name)
    show_removed([name], [REMOVED.format(name=name)], as_json=as_json)


def _members(client: Client, name: str) -> list[Member]:
    return [*GroupsApi(client).list_members_all(name, most=GROUPS_MAX)]
