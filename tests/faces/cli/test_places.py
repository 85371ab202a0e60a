"""Which registry a command opens: settings as `serve` reads them."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entrepot.faces.cli.places import place_options
from entrepot.settings import Settings


@click.command()
@place_options
@click.option("--more")
def command(given: Settings, more: str | None) -> None:
    storage = given.storage
    click.echo(" ".join((storage.data, storage.catalog, storage.blobs, str(more))))


def said(*words: str) -> str:
    return CliRunner().invoke(command, words).output.strip()


def test_flags_outrank_variables_and_those_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said("--more", "x") == "./data   x"
    file = tmp_path / "entrepot.toml"
    file.write_text('[storage]\ndata = "of-file"\nblobs = "s3://of-file"\n')
    assert said("--config", str(file)) == "of-file  s3://of-file None"
    monkeypatch.setenv("ENTREPOT_DATA", "of-env")
    monkeypatch.setenv("ENTREPOT_STORAGE_CATALOG", "postgresql://of-env")
    assert said("--config", str(file)) == "of-env postgresql://of-env s3://of-file None"
    flags = ("--data", "d", "--catalog", "postgresql://flag", "--blobs", "s3://flag")
    assert said("--config", str(file), *flags) == "d postgresql://flag s3://flag None"


def test_settings_that_are_none_are_an_error_of_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--config", str(tmp_path / "none.toml")])
    assert done.exit_code == 2
    assert "none.toml" in done.output
