"""The habits that hold between files: tests beside stems, decisions, invariants."""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.tidy.finding import Finding

# Storeys whose every module that does something has a test file, at the same place under tests/.
TESTED = ("oci", "rules", "services")
ADR = Path("docs/adr")
ADR_SECTIONS = ("## Context", "## Decision", "## Consequences", "## What would change our mind")
INVARIANTS = Path("docs/invariants.md")
INVARIANT = re.compile(r"\bI[1-9]\d?\b")
HELD_NOW = "held now"
COMES_WITH = re.compile(r"comes with #\d+")


def check_tree(root: Path) -> Iterator[Finding]:
    """Yield what the project under `root` breaks as a whole."""
    yield from stems_have_tests(root)
    yield from decisions(root)
    yield from invariants(root)


def stems_have_tests(root: Path) -> Iterator[Finding]:
    """Yield the modules of the tested storeys that have no test file."""
    package = root / "src/entrepot"
    for storey in TESTED:
        for file in sorted((package / storey).rglob("*.py")):
            inside = file.relative_to(package)
            test = Path("tests") / inside.with_name(f"test_{inside.stem.lstrip('_')}.py")
            if not (root / test).exists() and "def " in file.read_text():
                path = file.relative_to(root).as_posix()
                yield Finding(path, 1, "stem-test", inside.stem, f"{test.as_posix()} is missing")


def decisions(root: Path) -> Iterator[Finding]:
    """Yield gaps in the numbering of the decisions, and what a decision leaves out."""
    files = sorted(path for path in (root / ADR).glob("*.md") if path.name != "README.md")
    for number, file in enumerate(files, start=1):
        path = file.relative_to(root).as_posix()
        if not re.fullmatch(rf"{number:04}-[a-z0-9-]+\.md", file.name):
            text = f"the name must start with {number:04}: numbers are dense"
            yield Finding(path, 1, "decision", file.stem, text)
        page = file.read_text()
        if not re.search(r"^\* Date: \d{4}-\d{2}-\d{2}$", page, re.MULTILINE):
            yield Finding(path, 1, "decision", file.stem, "`* Date: YYYY-MM-DD` is missing")
        for section in ADR_SECTIONS:
            if f"\n{section}\n" not in page:
                yield Finding(path, 1, "decision", file.stem, f"the section `{section}` is missing")


def invariants(root: Path) -> Iterator[Finding]:
    """Yield invariants without a status, held ones that no test or code cites, and unknown ids."""
    page = INVARIANTS.as_posix()
    rows = list(_rows(root / INVARIANTS))
    for number, (line, name, status) in enumerate(rows, start=1):
        if name != f"I{number}":
            yield Finding(page, line, "invariant", name, f"I{number} is expected here")
        if status != HELD_NOW and not COMES_WITH.fullmatch(status):
            text = f"the status must be `{HELD_NOW}` or `comes with #N`, not `{status}`"
            yield Finding(page, line, "invariant", name, text)
    known = {name for _, name, _ in rows}
    cited = {tree: dict(_citations(root, tree)) for tree in ("src", "tests", "sim")}
    for line, name, status in rows:
        for tree, what in (("src", "comment"), ("tests", "test")):
            if status == HELD_NOW and name not in cited[tree]:
                text = f"{name} is held now, but no {what} under {tree}/ names it"
                yield Finding(page, line, "invariant", name, text)
    for places in cited.values():
        for name, path in places.items():
            if name not in known:
                yield Finding(path, 1, "invariant", name, f"{name} is not in {page}")


def _rows(file: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (line, id, status) of the table; the id is the first cell, the status the last."""
    lines = file.read_text().splitlines() if file.exists() else []
    for line, text in enumerate(lines, start=1):
        cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
        if text.startswith("|") and INVARIANT.fullmatch(cells[0]):
            yield line, cells[0], cells[-1]


def _citations(root: Path, tree: str) -> Iterator[tuple[str, str]]:
    """Yield (id, path) for the ids that the files of a tree name; some path for each id."""
    own = Path("tests/tools")
    for file in sorted((root / tree).rglob("*.py")):
        path = file.relative_to(root)
        if own not in path.parents:
            for name in INVARIANT.findall(file.read_text()):
                yield name, path.as_posix()
