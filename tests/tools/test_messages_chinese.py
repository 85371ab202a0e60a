"""All that people read on the command line has its Chinese, and the Chinese fits."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from entrepot.faces.cli.messages.helping import texts_of
from tools import messages
from tools.messages import ROOT, catalogue, constants, files, lacking, sources

HINT = "run `python -m tools.messages`: it adds what lacks to messages.po, and says what to write"
PLACE = re.compile(r"\{[a-z_]+(?:![rs])?(?::[^{}]*)?\}|%\([a-z]+\)s")
LITERAL = re.compile(r"--[a-z][a-z-]*|`[^`]*`|\bENTREPOT_[A-Z_]+\b")
SHOUTED = re.compile(r"\b([A-Z]{4,})s?\b")
"""What stands for an argument in the text of help."""
WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]+[a-z]{2,}")
CHINESE = re.compile("[\u4e00-\u9fff]")
SAME = frozenset({"ID", "URL", "CRON", "[#FFFFFF]", "Choice({choices})", "{rule}: {reason}"})
"""What is written the same in both."""

ENGLISH_ONLY = ("credentials/helper.py", "faces/cli/bench/", "faces/cli/messages/")
"""What speaks docker's protocol to docker; what went wrong inside a measurement; no messages."""
TELLING = frozenset(
    {"echo", "secho", "confirm", "prompt", "UsageError", "BadParameter", "CommandError"}
    | {"CredentialError"}
)

HELP = {text for _, command in messages.tree() for text in texts_of(command)}


@pytest.fixture(scope="module")
def made() -> Catalog:
    return catalogue(ROOT)


def pairs(made: Catalog) -> Iterator[tuple[str, str]]:
    for message in made:
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[-1]
            chinese = message.string if isinstance(message.string, str) else ""
            yield english, chinese or "".join(message.string or ())


def test_every_text_has_its_chinese(made: Catalog) -> None:
    assert lacking(made) == [], HINT


def test_the_files_are_as_the_code_says(made: Catalog) -> None:
    stale = [name for name, content in files(made).items() if (ROOT / name).read_bytes() != content]
    assert stale == [], HINT


def test_placeholders_options_and_examples_agree(made: Catalog) -> None:
    wrong = []
    for english, chinese in pairs(made):
        if not chinese:
            continue
        same = all(
            set(pattern.findall(english)) == set(pattern.findall(chinese))
            for pattern in (PLACE, LITERAL)
        )
        examples = english.partition("\b\n")[2] == chinese.partition("\b\n")[2]
        if not (same and examples):
            wrong.append((english, chinese))
    assert wrong == []


def test_arguments_are_called_what_they_are(made: Catalog) -> None:
    wrong = [
        (english, chinese)
        for english, chinese in pairs(made)
        if chinese and not {*SHOUTED.findall(chinese)} <= {*SHOUTED.findall(english)} | {"JSON"}
    ]
    assert wrong == []


def test_the_chinese_is_chinese(made: Catalog) -> None:
    wrong = [
        english
        for english, chinese in pairs(made)
        if chinese and not CHINESE.search(chinese) and english not in SAME
    ]
    assert wrong == []


def test_one_english_word_stands_between_spaces(made: Catalog) -> None:
    """Chinese and Latin letters have a space between them, as in Docker's and Harbor's pages."""
    close = re.compile("[\u4e00-\u9fff][A-Za-z0-9`]|[A-Za-z0-9`][\u4e00-\u9fff]")
    wrong = [chinese for _, chinese in pairs(made) if close.search(PLACE.sub("", chinese))]
    assert wrong == []


def unmarked(source: str) -> list[tuple[int, str]]:
    """Return (line, text) of what people read and nobody marked."""
    tree = ast.parse(source)
    marked = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
        for part in ast.walk(node)
    }
    named = {
        getattr(node.targets[0], "id", ""): node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    told = [
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) in TELLING
        for argument in node.args[:1]
        for part in _texts(argument, named)
    ]
    below = constants(source)
    found = [(one.lineno, one.value) for one in told if id(one) not in marked]
    found += [(0, text) for text in below if text.count(" ")]
    return [
        (line, str(text))
        for line, text in found
        if WORDS.search(PLACE.sub("", str(text)))
        and text not in HELP
        and not str(text).startswith("entrepot ")
    ]


def _texts(node: ast.expr, named: dict[str, ast.Constant]) -> Iterator[ast.Constant]:
    """Yield the texts of an argument: its own, a constant's, or of what is formatted."""
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.JoinedStr):
        yield from (part for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.Name) and node.id in named:
        yield named[node.id]
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format":
        assert isinstance(node.func, ast.Attribute)
        yield from _texts(node.func.value, named)


@pytest.mark.parametrize("file", [*sources(ROOT)], ids=lambda file: str(file.relative_to(ROOT)))
def test_what_people_read_is_marked(file: Path) -> None:
    if any(part in str(file) for part in ENGLISH_ONLY):
        return
    assert unmarked(file.read_text(encoding="utf-8")) == [], 'write _("...") around it'


def test_what_is_not_marked_would_be_found() -> None:
    source = """
C = "{what} is not to be had"
# What people read, in one place.
A = "it is done now"
B = _("it is done now")
HEADINGS = ("NAME",)
click.echo("it is made")
click.echo(_("it is made"))
click.echo(f"entrepot: {A}")
raise CommandError(f"no such thing: {A}")
raise UsageError(C.format(what=A))
"""
    assert [text for _, text in unmarked(source)] == [
        "it is made",
        "no such thing: ",
        "{what} is not to be had",
        "it is done now",
    ]


def test_what_lacks_its_chinese_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Catalog(locale="zh_CN")
    empty.add("a text", "")
    empty.add(("one thing", "{count} things"), ("",))
    empty.add("another", "另一个")
    assert lacking(empty) == ["a text", "one thing"]
    assert messages.main(["--check"]) == 0, capsys.readouterr().out
