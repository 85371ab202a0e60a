"""The pages that are made from the code are as the code says."""

from pathlib import Path

import pytest

from entrepot.settings import keys as all_settings
from tools import docs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", docs.PAGES)
def test_a_page_is_as_the_code_says(page: str) -> None:
    assert page not in docs.stale(ROOT), "run `make docs`"


def test_a_page_that_was_edited_or_is_missing_is_stale(tmp_path: Path) -> None:
    (tmp_path / "docs/adr").mkdir(parents=True)
    (tmp_path / "docs/cli.md").write_text(docs.commands(tmp_path) + "more\n")
    (tmp_path / "docs/settings.md").write_text(docs.keys(tmp_path))
    assert docs.stale(tmp_path) == ["docs/adr/README.md", "docs/cli.md"]


def test_every_command_and_setting_is_there() -> None:
    assert "## `entrepot serve`" in docs.commands(ROOT)
    table = docs.keys(ROOT)
    for section, key, description, _ in all_settings():
        assert f"| `{section}.{key}` |" in table
        assert description, f"{section}.{key} has no description"


def test_the_index_has_a_line_for_each_decision() -> None:
    index = docs.decisions(ROOT)
    files = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert files
    for file in files:
        assert f"]({file.name})" in index
