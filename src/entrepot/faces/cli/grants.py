"""`entrepot grant`: who may do what, where."""

from typing import Any

import click

from entrepot.client.made.grants import Grant, GrantsApi, NewGrant
from entrepot.client.made.projects import ProjectsApi
from entrepot.client.made.shared import SubjectKind

from .client import Client, CommandError
from .messages import _
from .noting import note_user
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_each,
    show_json,
    show_table,
    show_would,
)

HELP = {"help_option_names": ["-h", "--help"]}
LISTED_MAX = 100_000
"""Most that are listed."""
REGISTRY = "*"

# What people read, in one place.
HEADINGS = ("ID", "WHO", "MAY", "WHERE", "GIVEN", "BY")
GIVEN = _("{who} now has {what} on {where} (grant {id})")
TAKEN = _("grant {id} taken away")
WOULD_TAKE = _("grant {id} would be taken away: {who}, {what} on {where}; nothing was changed")
NO_GRANT = _("there is no grant {id} that you may see: `entrepot grant list` lists them")
EVERYONE = "everyone"
WHOLE_REGISTRY = _("the whole registry")
ROLE_NAMED = _("role {name}")
SUBJECTS = {
    "user": _("user {name}"),
    "group": _("group {name}"),
    "robot": _("robot {name}"),
    "everyone": _("everyone"),
}
WHAT = _("name a role, or permissions with --permissions, and not both")
WHO = _("name one receiver: a user, --group NAME, or --everyone")
WHOSE = _("name one of a scope, --user, --group, --robot and --everyone")
TOO_FEW = _("say what is given, and where: grant add WHO ROLE SCOPE")
TOO_MANY = _("there are too many words: the role is said by --permissions, WHO by its option")


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
    kind, subject = who
    wanted = NewGrant(
        subject_kind=kind, subject=subject, scope=scope, role=role, permissions=permissions
    )
    found = GrantsApi(client).give_grant(wanted)
    if given["as_json"]:
        show_json(found)
        return
    told = {"who": _who(found), "what": _what(found), "where": _where(found), "id": found.id}
    click.echo(GIVEN.format(**told))
    if kind == "user":
        note_user(client, subject)


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
    kinds: list[tuple[Any, Any]] = [(kind, value) for kind, value in given.items() if value]
    if len(kinds) + (scope is not None) > 1:
        raise click.UsageError(WHOSE)
    api, all_grants = GrantsApi(client), GrantsApi(client).list_grants_all
    if kinds:
        ((kind, value),) = kinds
        named = None if kind == EVERYONE else value
        found = [*all_grants(subject_kind=kind, subject=named, most=LISTED_MAX)]
    elif scope is None or scope == REGISTRY:
        found = [*all_grants(most=LISTED_MAX)]
    else:
        project = scope.partition("/")[0]
        found = [*api.list_project_grants_all(project, most=LISTED_MAX)]
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@grants.command("remove")
@click.argument("ids", nargs=-1, required=True, type=int, metavar="ID...")
@dry_run_option
@json_option
@server_options
def remove(client: Client, ids: tuple[int, ...], *, dry_run: bool, as_json: bool) -> None:
    """Take grants away, by the IDs that `grant list` shows."""
    if dry_run:
        found = [_found(client, grant_id) for grant_id in ids]
        facts = [{"who": _who(one), "what": _what(one), "where": _where(one)} for one in found]
        texts = [WOULD_TAKE.format(id=one.id, **f) for one, f in zip(found, facts, strict=True)]
        show_would(found, texts, as_json=as_json)
        return
    take = GrantsApi(client).take_grant
    show_each(ids, take, lambda one: TAKEN.format(id=one), key="removed", as_json=as_json)


def _words(
    words: tuple[str, ...], given: dict[str, Any]
) -> tuple[tuple[SubjectKind, str], str, str]:
    """Return receiver, role and scope of `[USER] [ROLE] SCOPE`."""
    by_option = bool(given["group"]) + given["everyone"]
    if by_option > 1:
        raise click.UsageError(WHO)
    wanted = 3 - by_option - bool(given["permissions"])
    if len(words) != wanted:
        raise click.UsageError(TOO_FEW if len(words) < wanted else TOO_MANY)
    rest = [*words]
    who: tuple[SubjectKind, str] = ("everyone", "")
    if given["group"]:
        who = ("group", given["group"])
    elif not given["everyone"]:
        who = ("user", rest.pop(0))
    role = "" if given["permissions"] else rest.pop(0)
    return who, role, rest.pop(0)


def _found(client: Client, grant_id: int) -> Grant:
    """Return a grant that is listed somewhere; there is no address for one alone."""
    api = GrantsApi(client)
    for one in api.list_grants_all(most=LISTED_MAX):
        if one.id == grant_id:
            return one
    for project in ProjectsApi(client).list_projects_all(most=LISTED_MAX):
        for one in api.list_project_grants_all(project.name, most=LISTED_MAX):
            if one.id == grant_id:
                return one
    raise CommandError(NO_GRANT.format(id=grant_id))


def _row(one: Grant) -> tuple[object, ...]:
    return (one.id, _who(one), _what(one), _where(one), one.created_at, one.created_by or "-")


def _where(one: Grant) -> str:
    return WHOLE_REGISTRY if one.scope == REGISTRY else one.scope


def _who(one: Grant) -> str:
    return SUBJECTS[one.subject_kind].format(name=one.subject)


def _what(one: Grant) -> str:
    return ROLE_NAMED.format(name=one.role) if one.role else ",".join(one.permissions)
