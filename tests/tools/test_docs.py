"""The pages that are made from the code are as the code says."""

import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.rules.permissions import Permission
from entrepot.settings import keys as all_settings
from entrepot.settings.registry2 import KEYS
from tools import docs
from tools.harbor import COVERAGE, ENDPOINTS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stale() -> str:
    """Return what a process of its own says: click remembers how commands were called in this."""
    program = [sys.executable, "-m", "tools.docs", "--check"]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("page", docs.PAGES)
def test_a_page_is_as_the_code_says(page: str, stale: str) -> None:
    assert f"{page} is not" not in stale, "run `make docs`"


def test_a_page_that_was_edited_or_is_missing_is_stale(tmp_path: Path) -> None:
    (tmp_path / "docs/adr").mkdir(parents=True)
    (tmp_path / "docs/cli.md").write_text(docs.commands(tmp_path) + "more\n")
    (tmp_path / "docs/settings.md").write_text(docs.keys(tmp_path))
    (tmp_path / "docs/openapi").mkdir()
    made_elsewhere = ["docs/access.md", "docs/registry2.md"]
    made_elsewhere += [page for page in docs.PAGES if page.startswith("docs/openapi/")]
    for kept in (*made_elsewhere, "docs/harbor.md", ENDPOINTS, COVERAGE):
        (tmp_path / kept).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / kept).write_text((ROOT / kept).read_text())
    assert docs.stale(tmp_path) == ["docs/adr/README.md", "docs/cli.md"]


def test_every_command_and_setting_is_there() -> None:
    assert "## `entrepot serve`" in docs.commands(ROOT)
    table = docs.keys(ROOT)
    for section, key, description, _ in all_settings():
        assert f"| `{section}.{key}` |" in table
        assert description, f"{section}.{key} has no description"


def test_every_key_of_registry2_is_there_with_what_becomes_of_it(tmp_path: Path) -> None:
    page = docs.registry2(ROOT)
    for key in KEYS:
        assert f"| `{key.path}` | {key.fate.value} | " in page
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/registry2.md").write_text(page.replace("| used |", "| ignored |"))
    assert "docs/registry2.md" in docs.stale(tmp_path)


def test_every_permission_is_there_with_the_roles_that_hold_it(tmp_path: Path) -> None:
    page = docs.access(ROOT)
    for one in Permission:
        assert f"| `{one.value}` | {one.level.value} | {one.about} | " in page
    assert "delete tags, manifests and blobs | x | x |  |  |  |" in page
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/access.md").write_text(page.replace("| x | x |", "| x |  |"))
    assert "docs/access.md" in docs.stale(tmp_path)


def test_the_index_has_a_line_for_each_decision() -> None:
    index = docs.decisions(ROOT)
    files = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert files
    for file in files:
        assert f"]({file.name})" in index
