"""`entrepot completion`, and the names that a running server knows."""

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from entrepot.client.errors import ClientError
from entrepot.client.made.projects import ProjectsApi
from entrepot.client.made.repositories import RepositoriesApi
from entrepot.client.made.robots import RobotsApi
from entrepot.client.made.users import UsersApi
from entrepot.rules.robots import PREFIX

from .client import Client

PROGRAM = "entrepot"
VARIABLE = "_ENTREPOT_COMPLETE"
"""Set by the scripts when they ask for candidates."""
ANSWER_SECONDS = 0.3
"""A shell that waits longer than that for its server goes without its names."""
NAMES_MAX = 200
BEHIND_ALL = "~~"
"""Behind what any name may hold."""

Read = Callable[[Client, str], list[str]]


@click.command(
    "completion",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Print the script that completes commands in a shell.",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and names in SHELL.

    Names of projects, repositories, robots and users are those of the server that runs on --data.

    \b
    bash:  entrepot completion bash > ~/.local/share/bash-completion/completions/entrepot
    zsh:   entrepot completion zsh > "${fpath[1]}/_entrepot"
    fish:  entrepot completion fish > ~/.config/fish/completions/entrepot.fish
    """  # noqa: D301 - click reads the control character
    kind = get_completion_class(shell)
    assert kind is not None, shell  # noqa: S101 - click knows all three
    root = context.find_root().command
    click.echo(kind(root, {}, PROGRAM, VARIABLE).source(), nl=False)


class Names(click.ParamType[str]):
    """A text that is completed with names of one kind."""

    name = "text"

    def __init__(self, read: Read) -> None:
        self._read = read

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return what begins with `incomplete`; nothing where no server answers at once."""
        if ctx.params.get("server"):
            return []
        data = Path(ctx.params.get("data") or "./data")
        try:
            with closing(Client.at_socket(data, seconds=ANSWER_SECONDS)) as client:
                found = self._read(client, incomplete)
        except ClientError:
            return []
        return [CompletionItem(one) for one in found if one.startswith(incomplete)]


def attach(command: click.Command, environment: Mapping[str, str] = os.environ) -> None:
    """Let the names below a command be completed, in a process that a shell asks for candidates."""
    if VARIABLE in environment:
        _attach(command, "")


def before(beginning: str) -> str:
    """Return what stands in a list right before the names with that beginning."""
    if not beginning:
        return ""
    return f"{beginning[:-1]}{chr(ord(beginning[-1]) - 1)}{BEHIND_ALL}"


def _projects(client: Client, beginning: str) -> list[str]:
    found = ProjectsApi(client).list_projects(after=before(beginning), limit=NAMES_MAX)
    return [one.name for one in found.items]


def _repositories(client: Client, beginning: str) -> list[str]:
    found = RepositoriesApi(client).list_repositories(after=before(beginning), limit=NAMES_MAX)
    return [one.name for one in found.items]


def _users(client: Client, beginning: str) -> list[str]:
    found = UsersApi(client).list_users(after=before(beginning), limit=NAMES_MAX)
    return [one.name for one in found.items]


def _robots(client: Client, beginning: str) -> list[str]:
    """Return names without what all of them begin with, as shells make little of a dollar sign."""
    after = before(beginning if beginning.startswith(PREFIX) else f"{PREFIX}{beginning}")
    found = RobotsApi(client).list_robots(after=after, limit=NAMES_MAX).items
    return [
        one.name if beginning.startswith(PREFIX) else one.name.removeprefix(PREFIX) for one in found
    ]


_ANYWHERE: Mapping[str, Read] = {
    "project": _projects,
    "projects": _projects,
    "repository": _repositories,
    "robot": _robots,
    "user": _users,
    "users": _users,
}
"""What parameters of that name are, wherever they stand."""
_SOMEWHERE: Mapping[tuple[str, str], Read] = {
    ("project", "name"): _projects,
    ("repo", "name"): _repositories,
    ("robot", "name"): _robots,
    ("user", "name"): _users,
    ("cost", "name"): _repositories,
    ("diff", "name"): _repositories,
    ("history", "name"): _repositories,
    ("rollback", "name"): _repositories,
    ("explain", "who"): _users,
    ("explain", "what"): _repositories,
    ("grant", "scope"): _projects,
}
"""What they are in one command, or in the commands of one group."""
_NEW = frozenset({"add", "create"})
"""What makes something takes a name that there is not yet."""


def _attach(command: click.Command, group: str) -> None:
    name = command.name or ""
    for parameter in command.params:
        read = _read(group, name, parameter)
        is_flag = isinstance(parameter, click.Option) and parameter.is_flag
        if read is not None and not is_flag:
            parameter.type = Names(read)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _attach(inner, name)


def _read(group: str, command: str, parameter: click.Parameter) -> Read | None:
    word = parameter.name or ""
    if word == "name" and command in _NEW:
        return None
    special = _SOMEWHERE.get((group, word)) or _SOMEWHERE.get((command, word))
    return special or _ANYWHERE.get(word)
