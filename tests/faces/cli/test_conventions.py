"""What all commands have in common: JSON, dry runs, help."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from entrepot.main import main

NO_JSON = frozenset(
    {
        # They run until they are told to stop, or write lines that are JSON already.
        "serve",
        "audit export",
        "audit follow",
        "gc report",
        # They speak to docker's files and to shells.
        "login",
        "logout",
        "completion",
        # Results that a suite wrote, as it wrote them; a page of Markdown.
        "conformance",
        "repo readme",
    }
)
REMOVING = frozenset(
    {"apply", "rollback", "delete", "remove", "drop", "revoke", "take", "take-out"}
)
REMOVING |= {"prune", "purge"}
"""Verbs of commands that take something away."""
RUNS_THAT_REMOVE = frozenset({"gc run", "retention run"})


def leaves(command: click.Command = main, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, f"{path} {name}".strip())
    else:
        yield path, command


COMMANDS = dict(leaves())


def options(path: str) -> set[str]:
    return {option for parameter in COMMANDS[path].params for option in parameter.opts}


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - NO_JSON))
def test_a_command_prints_json(path: str) -> None:
    assert "--json" in options(path), "add @json_option, and show_change or show_removed"


def test_those_without_json_are_there() -> None:
    assert set(COMMANDS) >= NO_JSON
    assert not [path for path in NO_JSON if "--json" in options(path)]


@pytest.mark.parametrize(
    "path", sorted(path for path in COMMANDS if REMOVING & {path.rpartition(" ")[2]})
)
def test_what_removes_something_has_a_dry_run(path: str) -> None:
    assert "--dry-run" in options(path), "add @dry_run_option, and show_would"


@pytest.mark.parametrize("path", sorted(RUNS_THAT_REMOVE))
def test_what_lets_things_be_removed_has_a_dry_run(path: str) -> None:
    assert "--dry-run" in options(path)


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_the_first_sentence_of_help_is_whole(path: str) -> None:
    command = COMMANDS[path]
    shown = command.get_short_help_str(limit=88)
    assert shown.endswith("."), f"it is cut, or no sentence: {shown!r}"
    help_ = command.help or ""
    assert help_[0].isupper()
    assert not help_.endswith("..")


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_option_has_help(path: str) -> None:
    bare = [
        parameter.opts
        for parameter in COMMANDS[path].params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]
    assert bare == []


EXAMPLES = [
    (path, line.strip())
    for path, command in COMMANDS.items()
    for block in (command.help or "").split("\b\n")[1:]
    for line in block.splitlines()
    if "entrepot " in line and path != "completion"
]


@pytest.mark.parametrize("path, example", EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_examples_are_what_they_are_examples_of(
    path: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("rules.txt", "ca.crt", "policy.json", "registry.yaml", "password.txt"):
        (tmp_path / name).touch()
    called = [part.strip().partition(" < ")[0] for part in example.split("|")]
    ours = [shlex.split(part)[1:] for part in called if part.startswith("entrepot ")]
    assert [words for words in ours if words[: path.count(" ") + 1] == path.split()]
    for words in ours:
        rest = [*words]
        command: click.Command = main
        while isinstance(command, click.Group):
            command = command.commands[rest.pop(0)]
        with command.make_context("entrepot", rest):
            pass


def test_what_is_looked_for_would_be_found() -> None:
    @click.command(help="make it")
    def careless() -> None: ...

    assert not {option for one in careless.params for option in one.opts} & {"--json"}
    assert careless.get_short_help_str() == "make it"
