"""A Python file, read once for all rules."""

import ast
import io
import tokenize
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A file: `path` from the root, its syntax tree, all its nodes, and its comments by line."""

    path: str
    lines: int
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    comments: dict[int, str]

    @property
    def area(self) -> str:
        """The storey of a file of the package (`services`), else its first directory (`tests`)."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return parts[2] if parts[:2] == ("src", "entrepot") else parts[0]

    @property
    def is_test(self) -> bool:
        """Tell whether the file belongs to the tests."""
        return self.area == "tests"


def read_source(path: str, text: str) -> Source:
    """Parse `text`, the content of the file at `path`; raises `SyntaxError`."""
    tree = ast.parse(text, path)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}
    return Source(path, text.count("\n"), tree, tuple(ast.walk(tree)), comments)


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or attributes of a name, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else ""
    return ""
