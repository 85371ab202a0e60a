"""The sections of `entrepot --help`."""

from click.testing import CliRunner

from entrepot.faces.cli.sections import SECTIONS
from entrepot.main import main


def test_each_command_stands_below_one_heading() -> None:
    names = [name for _, names in SECTIONS for name in names]
    assert sorted(names) == sorted(main.commands)


def test_no_line_of_the_help_is_cut() -> None:
    told = CliRunner().invoke(main, ["--help"], terminal_width=80).stdout
    commands = told.partition("The server")[2].partition("Messages are in")[0]
    assert "  serve            Run the registry until it is told to stop.\n" in commands
    assert "..." not in commands
