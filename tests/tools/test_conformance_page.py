"""Every clause on the page of conformance has a test that is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/conformance.md"
_NAMED = re.compile(r"`([a-z0-9_/]+\.py)::(test_\w+)`")
ROWS_MIN = 90
"""As many clauses as the page had when it was written; it is not to lose any."""


def rows(page: str) -> list[str]:
    """Return the lines of its tables, without their heads."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    heads = {i for i, line in enumerate(lines) if set(line) <= set("|- ")}
    return [line for i, line in enumerate(lines) if i not in heads and i + 1 not in heads]


def functions(file: Path) -> set[str]:
    """Return the names of a file's functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found


def missing(page: str, tests: Path) -> list[str]:
    """Return the named tests that are not there."""
    named = sorted(set(_NAMED.findall(page)))
    there = {file: functions(tests / file) for file, _ in named if (tests / file).exists()}
    return [f"{file}::{name}" for file, name in named if name not in there.get(file, set())]


def test_each_named_test_is_there() -> None:
    assert missing(PAGE.read_text(encoding="utf-8"), ROOT / "tests") == []


def test_each_clause_names_a_test() -> None:
    found = rows(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= ROWS_MIN
    assert [row for row in found if not _NAMED.search(row.split("|")[-2])] == []


def test_no_clause_stands_there_twice() -> None:
    found = rows(PAGE.read_text(encoding="utf-8"))
    assert len(set(found)) == len(found)


def test_a_test_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def test_x() -> None: ...\n")
    page = "| a | b |\n|---|---|\n| x | `a.py::test_x` |\n| y | `a.py::test_y` |\n| z | no |\n"
    assert missing(page + "`b.py::test_z`", tmp_path) == ["a.py::test_y", "b.py::test_z"]
    assert [row for row in rows(page) if not _NAMED.search(row)] == ["| z | no |"]
