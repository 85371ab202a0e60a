"""`entrepot explain` and `entrepot whoami`: why somebody may or may not."""

import shlex
import textwrap
from typing import Any

import click

from entrepot.client.made.access import AccessApi, Answer
from entrepot.client.made.robots import RobotsApi

from .client import Client
from .messages import _
from .options import json_option, server_options, show_json, show_table

HELP = {"help_option_names": ["-h", "--help"]}
WIDTH = 96
INDENT = 22

# What people read, in one place.
YES = _("YES: {who} may {action} {on}.")
NO = _("NO: {who} may not {action} {on}.")
ACTIONS = {
    "repository.pull": _("pull from"),
    "repository.push": _("push to"),
    "repository.delete": _("delete from"),
}
OTHER = _("use {permission} on")
BECAUSE = _("Why: {reason}.")
LOOKED_AT = _("What was looked at:")
TO_DO = _("What to do:")
HEADINGS = ("WHERE", "SOURCE")
SELF = _("{name} ({kind}), role of the account: {role}, groups: {groups}")
NARROWED = _("what was logged in with may do less: it is an access token")
NONE = _("none")
GIVE_ROLE = "entrepot grant add {who} {role} {project}"
GIVE_PERMISSION = "entrepot grant add {who} --permissions {permission} '*'"
MAKE_PUBLIC = _(
    "log in; or, if anyone at all shall pull from it: entrepot project change {project} --public"
)
GIVE_ROBOT = "entrepot robot change {who} {grants}"
OUTSIDE = _(
    "a robot of project {own} is given nothing outside of it: make a robot of the registry "
    "(entrepot robot create NAME {grants})"
)
WORKLOAD = _("add the grant to the rule that trusts it; a rule's grants are all that it gives")
LOG_IN = _("log in: without an account one can only pull, and only from public projects")
ADDRESS = _("come from an allowed network, or widen those of the robot or access token")
ADDRESS_OF_REGISTRY = _(
    "come from an allowed network, or add this one to auth.networks in the settings"
)
ADDRESS_OF_PROJECT = _("entrepot project change {project} --network CIDR   (name all of them)")
TOKEN = _("use the password, or an access token that was made for this")
ACCOUNT = _("see that the account is there and switched on, then ask again")
SWITCHED_OFF = _("nobody may while the registry's settings say so: change them there")


@click.command("explain", context_settings=HELP)
@click.argument("who")
@click.argument("action")
@click.argument("what", default="registry")
@click.option(
    "--from", "address", metavar="ADDRESS", help="As if they came from this address; `unix` too."
)
@json_option
@server_options
def explain(client: Client, who: str, action: str, what: str, **given: Any) -> None:
    """Tell why WHO may or may not do ACTION on WHAT.

    WHO is a user, robot$NAME, workload:RULE:SUBJECT or anonymous. ACTION is pull, push, delete or a
    permission (`entrepot role permissions` lists them). WHAT is a repository, a project, or
    registry. The exit status is 0 for yes and for no.

    \b
    entrepot explain alice push acme/web
    entrepot explain 'robot$ci' pull acme/web --from 10.0.0.7
    """  # noqa: D301 - click reads the control character
    address = given["address"]
    found = AccessApi(client).explain(who=who, permission=action, on=what, address=address)
    if given["as_json"]:
        show_json(found)
        return
    told = YES if found.allowed else NO
    permission = found.permission
    action = ACTIONS.get(permission, OTHER.format(permission=permission))
    click.echo(told.format(who=found.who, action=action, on=found.on))
    if not found.allowed:
        _tell(BECAUSE.format(reason=found.reason), "  ")
        click.echo(f"\n{TO_DO}")
        _tell(_cure(client, found), "  ")
    click.echo(f"\n{LOOKED_AT}")
    for step in found.steps:
        head = f"  {step.looked_at:{INDENT - 2}}"
        _tell(head + step.found, "", " " * INDENT)


@click.command("whoami", context_settings=HELP)
@json_option
@server_options
def whoami(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Tell who you are to the server, and what you were given."""
    found = AccessApi(client).whoami()
    if as_json:
        show_json(found)
        return
    groups = ", ".join(found.groups) or NONE
    role = found.role or NONE
    click.echo(SELF.format(name=found.name, kind=found.kind, role=role, groups=groups))
    if found.narrowed:
        click.echo(NARROWED)
    show_table(HEADINGS, [(one.scope, one.source) for one in found.grants])


def _cure(client: Client, found: Answer) -> str:
    """Return what helps: where a command does, that command."""
    obstacle = found.obstacle
    if obstacle == "grant":
        return _grant(client, found)
    if obstacle == "address":
        return _address(found)
    others = {
        "token": TOKEN,
        "account": ACCOUNT,
        "switched off": SWITCHED_OFF,
    }
    return others.get(obstacle, str(found.reason))


def _address(found: Answer) -> str:
    """Return what helps with the list that the reason names."""
    if found.reason.startswith("the registry "):
        return ADDRESS_OF_REGISTRY
    if found.reason.startswith("project "):
        return ADDRESS_OF_PROJECT.format(project=found.project)
    return ADDRESS


def _grant(client: Client, found: Answer) -> str:
    project, permission, roles = found.project, found.permission, found.roles
    role = roles[0] if roles else ""
    if found.kind == "anonymous":
        is_pull = permission == "repository.pull" and project
        return MAKE_PUBLIC.format(project=project) if is_pull else LOG_IN
    if found.kind == "robot":
        return _robot(client, found)
    if found.kind == "workload":
        return WORKLOAD
    who = shlex.quote(found.who)
    if role and project:
        return GIVE_ROLE.format(who=who, role=role, project=project)
    return GIVE_PERMISSION.format(who=who, permission=permission)


def _robot(client: Client, found: Answer) -> str:
    """Return the command that gives a robot all it has, and this too."""
    robot = RobotsApi(client).get_robot(found.who)
    new = _option("permission", found.permission, found.project or "*")
    if found.roles and found.project:
        new = _option("role", found.roles[0], found.project)
    if robot.project and robot.project != found.project:
        return OUTSIDE.format(own=robot.project, grants=new)
    words = []
    for grant in robot.grants:
        kind = "role" if grant.role else "permission"
        names = [grant.role] if grant.role else grant.permissions
        words += [_option(kind, name, grant.scope) for name in names]
    return GIVE_ROBOT.format(who=shlex.quote(found.who), grants=" ".join([*words, new]))


def _option(kind: str, name: str, scope: str) -> str:
    return f"--{kind} {shlex.quote(f'{name}={scope}')}"


def _tell(text: str, indent: str, further: str | None = None) -> None:
    following = indent if further is None else further
    wrapped = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo("\n".join(wrapped))
