"""`entrepot catalog migrate`: what is pending, and running it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from entrepot.adapters.catalog.postgres import preparing
from entrepot.adapters.catalog.prepare import HEAD
from entrepot.main import main
from tests.adapters.catalog.postgres.chains import POST


def ask(url: str, *arguments: str) -> Result:
    env = {"ENTREPOT_STORAGE_CATALOG": url}
    return CliRunner().invoke(main, ["catalog", "migrate", *arguments], env=env)


def test_a_catalog_from_nothing_to_the_newest(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is empty" in ask(postgres_url, "--check").output
    assert HEAD in ask(postgres_url).output
    done = ask(postgres_url, "--check")
    assert (done.exit_code, "nothing is pending" in done.output) == (0, True)
    for name in ("prepare", "schema_of"):
        monkeypatch.setattr(preparing, name, _with_chain(getattr(preparing, name)))
    done = ask(postgres_url, "--check", "--json")
    assert done.exit_code == 1
    assert json.loads(done.output) == {
        "revision": HEAD,
        "own": HEAD,
        "pre": ["9001", "9002"],
        "post": ["9003"],
        "older": [],
    }
    assert "9001, 9002" in ask(postgres_url).output
    done = ask(postgres_url, "--check")
    assert done.exit_code == 1
    assert "--post`: 9003" in done.output
    assert "9003" in ask(postgres_url, "--post").output
    assert "nothing" in ask(postgres_url, "--post").output


def _with_chain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda url, **options: function(url, POST, **options)


def test_an_embedded_catalog_needs_no_command() -> None:
    done = ask("")
    assert done.exit_code == 2
    assert "by itself" in done.output
