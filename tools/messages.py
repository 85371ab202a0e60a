"""Keeps the command line's Chinese whole: `python -m tools.messages [--check]`.

It looks for the texts that people read: what stands in `_("...")`, headings of tables, help of
commands and options, messages of `entrepot.client`, and click's own. Those that
`zh_CN/LC_MESSAGES/messages.po` lacks are added to it with an empty Chinese, to be filled in; what
nothing uses any more is dropped; and `messages.mo`, which the program reads, is compiled. The exit
code is 1 as long as something lacks its Chinese.

With `--check` nothing is written, and files that would change are told too.
"""

import ast
import importlib.util
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from entrepot.faces.cli.messages.helping import texts_of
from entrepot.main import main as entrepot

ROOT = Path(__file__).parents[1]
HOME = "src/entrepot/faces/cli/messages/zh_CN/LC_MESSAGES"
SOURCES = ("src/entrepot/main.py", "src/entrepot/faces/cli")
CLIENT = "src/entrepot/client/transport.py"
CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
"""Modules of click whose texts people may see."""
MARKED = "# What people read, in one place."
WIDTH = 100
BEGINNING = datetime(2026, 11, 21, tzinfo=UTC)
"""In the head of the catalogue, where a time of making would change it each time."""

Texts = dict[str | tuple[str, str], str]
"""Texts, or singular and plural, with the place of the first use."""


def texts(root: Path) -> Texts:
    """Return all that people may read, as it stands in the catalogue."""
    found: Texts = {}
    for name, command in tree():
        found |= {text: name for text in texts_of(command) if text not in found}
    for file in sources(root):
        place = str(file.relative_to(root))
        found |= {text: place for text in _marked(_parsed(file)) if text not in found}
    for text in constants((root / CLIENT).read_text(encoding="utf-8")):
        found.setdefault(text, CLIENT)
    for name in CLICK:
        spec = importlib.util.find_spec(f"click.{name}")
        parsed = _parsed(Path(spec.origin if spec is not None and spec.origin else name))
        found |= {text: f"click/{name}" for text in _marked(parsed) if text not in found}
    return found


def tree(
    command: click.Command = entrepot, name: str = "entrepot"
) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands, with their names."""
    yield name, command
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from tree(command.commands[inner], f"{name} {inner}")


def sources(root: Path) -> Iterator[Path]:
    """Yield the files whose texts are marked."""
    for place in SOURCES:
        yield from sorted((root / place).rglob("*.py")) or [root / place]


def constants(source: str) -> Iterator[str]:
    """Yield the texts that stand plainly below `MARKED`, up to the first definition."""
    if MARKED not in source:
        return
    start = source[: source.index(MARKED)].count("\n")
    for statement in ast.parse(source).body:
        if statement.lineno > start and isinstance(statement, ast.FunctionDef | ast.ClassDef):
            return
        if statement.lineno > start and isinstance(statement, ast.Assign):
            yield from _plain(statement.value)


def catalogue(root: Path) -> Catalog:
    """Return the catalogue as the texts and the Chinese that there is make it."""
    with (root / HOME / "messages.po").open("rb") as file:
        old = read_po(file, locale="zh_CN", ignore_obsolete=True)
    made = Catalog(
        locale="zh_CN",
        project="Entrepot",
        version="1",
        charset="utf-8",
        fuzzy=False,
        header_comment="# The Chinese of Entrepot's command line; see tools/messages.py.",
        copyright_holder="Entrepot",
        msgid_bugs_address="-",
        last_translator="-",
        language_team="-",
        creation_date=BEGINNING,
        revision_date=BEGINNING,
    )
    for text, place in texts(root).items():
        key = text if isinstance(text, str) else text[0]
        there = old.get(key)
        chinese = _strings(there.string if there is not None else "")
        written = chinese[0] if isinstance(text, str) else chinese
        made.add(text, written, locations=[(place.replace(" ", "-"), 0)])
    return made


def lacking(made: Catalog) -> list[str]:
    """Return the texts that have no Chinese."""
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in made
        if message.id and not all(_strings(message.string))
    ]


def files(made: Catalog) -> dict[str, bytes]:
    """Return both files as the catalogue makes them."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, made, width=WIDTH, include_lineno=False)
    write_mo(mo, made)
    return {f"{HOME}/messages.po": po.getvalue(), f"{HOME}/messages.mo": mo.getvalue()}


def main(arguments: list[str]) -> int:
    """Write or, with `--check`, only compare the files; return the exit code."""
    made = catalogue(ROOT)
    stale = [
        name
        for name, content in files(made).items()
        if not (ROOT / name).exists() or (ROOT / name).read_bytes() != content
    ]
    for name in stale:
        if arguments == ["--check"]:
            print(f"{name} is not as the code says: run `python -m tools.messages`")
        else:
            (ROOT / name).write_bytes(files(made)[name])
            print(f"wrote {name}")
    without = lacking(made)
    for text in without:
        print(f"no Chinese for {text!r}")
    if without:
        print(f"write it into {HOME}/messages.po, and run `python -m tools.messages` again")
    return bool(without or (stale and arguments == ["--check"]))


def _marked(module: ast.Module) -> Iterator[str | tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "_" and node.args:
                yield from _plain(node.args[0])
            elif node.func.id == "ngettext":
                singular, plural = ("".join(_plain(one)) for one in node.args[:2])
                yield singular, plural
        elif isinstance(node, ast.Assign):
            name = getattr(node.targets[0], "id", "")
            if name.endswith("HEADINGS"):
                yield from _plain(node.value)


def _plain(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value
    elif isinstance(value, ast.Tuple | ast.List):
        for element in value.elts:
            yield from _plain(element)
    elif isinstance(value, ast.Dict):
        for element in value.values:
            yield from _plain(element)


def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _strings(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return the Chinese of a message; Chinese has no plural, so that it is one text."""
    return (value or "",) if value is None or isinstance(value, str) else tuple(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
