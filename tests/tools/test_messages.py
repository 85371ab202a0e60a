"""Every error says cause and cure, as docker prints nothing but its message."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src/entrepot"
MAKERS = {"Fault": 1, "unauthorized": 0, "_invalid": 0, "_precondition_failed": 0}
"""What makes faults, and at which place its message stands."""


def text_of(node: ast.expr) -> str | None:
    """Return a message with `{}` for what is put in; None for one that is made elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, message) of the faults that a module makes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = MAKERS.get(node.func.id)
            if place is not None and len(node.args) > place:
                message = text_of(node.args[place])
                if message is not None:
                    yield node.lineno, message


def is_whole(message: str) -> bool:
    """Whether a cure stands behind the cause, or the parser's own words behind ours."""
    cause, colon, cure = message.partition(": ")
    return bool(colon and len(cause) > 4 and (len(cure) > 4 or cure == "{}"))


OF_HARBOR = ("faces/manage/harbor/", "rules/queries.py")
"""What clients of Harbor look for in messages stands there in its words."""


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT))
)
def test_each_message_says_cause_and_cure(file: Path) -> None:
    if str(file.relative_to(ROOT)).startswith(OF_HARBOR):
        return
    found = messages(file.read_text(encoding="utf-8"))
    assert [(line, text) for line, text in found if not is_whole(text)] == []


def test_a_message_without_a_cure_is_found() -> None:
    source = 'raise Fault(Code.X, "it is wrong")\nFault(Code.X, f"{a} is wrong: mend {b}")\nFault()'
    found = list(messages(source))
    assert found == [(1, "it is wrong"), (2, "{} is wrong: mend {}")]
    assert [is_whole(text) for _, text in found] == [False, True]
