"""All rules over the whole project."""

from itertools import chain
from pathlib import Path

from tools.tidy.code import check_code, exception_names
from tools.tidy.finding import Finding, without_permitted
from tools.tidy.source import read_source
from tools.tidy.tree import check_tree

TREES = ("src", "tests", "tools", "sim", "bench")


def check(root: Path) -> list[Finding]:
    """Return every habit that the project under `root` breaks, in order of place."""
    sources = [
        read_source(file.relative_to(root).as_posix(), file.read_text())
        for tree in TREES
        for file in sorted((root / tree).rglob("*.py"))
    ]
    exceptions = exception_names(sources)
    in_files = chain.from_iterable(check_code(source, exceptions) for source in sources)
    return sorted(without_permitted(root, chain(in_files, check_tree(root))))
