"""Asking: with a terminal, from a pipe, and with nobody there."""

import warnings
from getpass import GetPassWarning
from typing import Any

import click
import pytest
from click.testing import CliRunner

from entrepot.faces.cli import asking
from entrepot.faces.cli.client import CommandError


@click.command()
def sure() -> None:
    try:
        asking.be_sure("Remove it?")
    except CommandError as error:
        click.echo(f"failed: {error}")
    else:
        click.echo("done")


@pytest.mark.parametrize(
    "typed, said", [("y\n", "done"), ("n\n", "Aborted"), ("", "failed: there is nobody to ask")]
)
def test_yes_no_and_nobody_there(typed: str, said: str) -> None:
    done = CliRunner().invoke(sure, input=typed)
    assert said in done.output
    assert ("done" in done.output) == (typed == "y\n")
    assert ("--yes" in done.output) == (typed == "")


def test_no_terminal_to_type_a_password_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_prompt: str) -> Any:
        warnings.warn("Can not control echo on the terminal.", GetPassWarning, stacklevel=2)
        pytest.fail("a password was read in sight")

    monkeypatch.setattr("click.termui.hidden_prompt_func", read)
    with pytest.raises(CommandError, match="set IT"):
        asking.ask_password("Password", cure="set IT")


def test_a_typed_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _prompt: "secret")
    assert asking.ask_password("Password", cure="-", twice=True) == "secret"
