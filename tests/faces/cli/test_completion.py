"""`entrepot completion` in real shells."""

import asyncio
import os
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.cli.completion import ANSWER_SECONDS, VARIABLE, Names, attach, before
from entrepot.faces.cli.projects import projects
from entrepot.faces.cli.robots import robots
from entrepot.main import main
from entrepot.rules.roles import Role
from tests.faces.cli.doorshop import DoorShop, open_doorshop
from tests.faces.registry.registry import PASSWORD

NAME = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789._-/", min_size=1, max_size=6)
BASH = shutil.which("bash")
ASK = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
_entrepot_completion entrepot
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        for name in ("alice", "alan", "bob"):
            await made.door.house.accounts.add(name, PASSWORD, Role.USER)
        for name in ("acme-web", "other"):
            await made.said(projects, "create", name)
        for name in ("ci", "cd"):
            await made.said(robots, "create", name, "--project", "acme")
        assert await made.door.push("admin", PASSWORD, "acme/web") == 201
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a directory with the program, and the script of bash as `script`."""
    program = tmp_path / "entrepot"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m entrepot "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    done = CliRunner().invoke(main, ["completion", "bash"])
    assert done.exit_code == 0, done.output
    (tmp_path / "script").write_text(done.stdout)
    return tmp_path


async def candidates(path: Path, *words: str, **environment: str) -> list[str]:
    """Return what a real bash offers for the last of the words."""
    assert BASH is not None
    process = await asyncio.create_subprocess_exec(
        BASH,
        *("--norc", "-c", ASK, "bash", str(path / "script"), "entrepot", *words),
        env={"PATH": f"{path}:{os.environ['PATH']}", "ENTREPOT_LANG": "en", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert errors == b""
    return out.decode().split()


@pytest.mark.skipif(BASH is None, reason="there is no bash")
async def test_bash_offers_commands_options_and_choices(path: Path) -> None:
    assert await candidates(path, "proj") == ["project"]
    assert await candidates(path, "project", "") == ["change", "create", "delete", "list", "show"]
    assert await candidates(path, "project", "delete", "--dr") == ["--dry-run"]
    assert await candidates(path, "quota", "show", "p") == ["project"]


@pytest.mark.skipif(BASH is None, reason="there is no bash")
async def test_bash_offers_names_of_the_running_server(shop: DoorShop, path: Path) -> None:
    data = ("--data", str(shop.data))
    assert await candidates(path, "project", "show", *data, "ac") == ["acme", "acme-web"]
    assert await candidates(path, "project", "show", *data, "acme-") == ["acme-web"]
    assert await candidates(path, "user", "remove", *data, "al") == ["alan", "alice"]
    assert await candidates(path, "robot", "show", *data, "acme+") == ["acme+cd", "acme+ci"]
    assert await candidates(path, "robot", "list", *data, "--project", "o") == ["other"]
    assert await candidates(path, "repo", "delete", *data, "acme/") == ["acme/web"]
    assert await candidates(path, "repo", "delete", *data, "x") == []
    elsewhere = {"ENTREPOT_DATA": str(shop.data)}
    assert await candidates(path, "history", "acme", **elsewhere) == ["acme/web"]


@pytest.mark.skipif(BASH is None, reason="there is no bash")
async def test_without_a_server_there_are_no_names_and_no_words(path: Path, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert await candidates(path, "project", "show", *data, "ac") == []
    assert await candidates(path, "project", "show", "--server", "http://x", "ac") == []


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        (Path(name) / "run").mkdir()
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.bind(f"{name}/run/entrepot.sock")
            deaf.listen()
            context = click.Context(projects)
            context.params["data"] = name
            kind = Names(lambda client, _: [client.call("GET", "/")])
            began = time.monotonic()
            assert kind.shell_complete(context, click.Argument(["name"]), "") == []
            assert time.monotonic() - began < 10 * ANSWER_SECONDS


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_their_scripts(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"{VARIABLE}={shell}_complete" in done.stdout


def test_names_are_looked_up_only_when_a_shell_asks() -> None:
    @click.group()
    def tool() -> None: ...

    @tool.command("show")
    @click.argument("project")
    @click.option("--user")
    @click.option("--robot", is_flag=True)
    @click.argument("other")
    def show() -> None: ...

    @tool.command("create")
    @click.argument("name")
    def create() -> None: ...

    attach(tool, {})
    assert not [one for one in show.params if isinstance(one.type, Names)]
    attach(tool, {VARIABLE: "bash_complete"})
    named = [one.name for one in show.params if isinstance(one.type, Names)]
    assert named == ["project", "user"]
    assert not [one for one in create.params if isinstance(one.type, Names)]


@given(NAME, NAME)
def test_what_begins_so_stands_behind_it(name: str, beginning: str) -> None:
    after = before(beginning)
    assert (name > after) or not name.startswith(beginning)
    assert beginning > after


def test_a_list_is_begun_where_the_names_are() -> None:
    assert before("") == ""
    names = sorted(["aa", "ab", "ab~", "abc", "ac", "b"])
    assert [name for name in names if name > before("ab")][:2] == ["ab", "abc"]
