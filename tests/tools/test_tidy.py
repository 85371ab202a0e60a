"""`tools/tidy` finds each fault that is planted, and lets its good twin pass."""

from pathlib import Path

import pytest

from tools.tidy.finding import Finding
from tools.tidy.run import check

DOC = '"""Something."""\n'
SERVICE = "src/entrepot/services/pull.py"


def found(root: Path, files: dict[str, str]) -> list[Finding]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return check(root)


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings if finding.rule != "stem-test"]


def function(lines: int) -> str:
    return DOC + "def f():\n" + "    x = 1\n" * (lines - 1)


def class_of(methods: int, base: str = "object") -> str:
    body = "".join(f"    def m{n}(self): ...\n" for n in range(methods))
    return f"{DOC}class A({base}):\n{body}"


def constructor(args: int) -> str:
    return DOC + "class A:\n    def __init__(self, *, " + ", ".join("abcdefgh"[:args]) + "): ...\n"


def caught(handler: str, comment: str = "") -> str:
    return DOC + f"try:\n    x = 1\nexcept {handler}:{comment}\n    x = 2\n"


FAULTS = [
    # rule, path, what it finds, what it lets pass
    ("function-length", SERVICE, function(71), function(70)),
    ("file-length", SERVICE, DOC + "\n" * 500, DOC + "\n" * 499),
    ("class-methods", SERVICE, class_of(16), class_of(15)),
    ("port-verbs", "src/entrepot/ports/a.py", class_of(10, "Protocol"), class_of(9, "Protocol")),
    ("constructor-args", SERVICE, constructor(8), constructor(7)),
    ("function-import", SERVICE, DOC + "def f():\n    import json\n", DOC + "import json\n"),
    ("print", "src/entrepot/faces/web/a.py", DOC + "print(1)\n", DOC + "log.info(1)\n"),
    ("naked-clock", SERVICE, DOC + "import time\n", DOC + "from entrepot.ports import time\n"),
    ("naked-clock", SERVICE, DOC + "from random import random\n", DOC + "from .random import r\n"),
    ("naked-clock", SERVICE, DOC + "datetime.now()\n", DOC + "clock.now()\n"),
    ("naked-clock", SERVICE, DOC + "dt.datetime.utcnow()\n", DOC + "dt.timedelta(1)\n"),
    ("broad-except", SERVICE, caught("Exception"), caught("Exception", "  # the log has it")),
    ("broad-except", SERVICE, caught("(OSError, Exception)"), caught("OSError")),
    ("broad-except", SERVICE, caught("Exception", "  # noqa"), caught("Exception") + "    raise\n"),
    ("exception-statement", SERVICE, DOC + "ValueError(1)\n", DOC + "raise ValueError(1)\n"),
    ("unfinished", SERVICE, DOC + "# TODO: later\n", DOC + "# TODO(#4): later\n"),
    ("module-docstring", SERVICE, "x = 1\n", DOC),
    ("module-docstring", SERVICE, f'"""{"x" * 81}"""\n', f'"""{"x" * 80}\n\n{"y" * 90}"""\n'),
]


@pytest.mark.parametrize("rule,path,bad,good", FAULTS)
def test_a_planted_fault_is_found(
    rule: str, path: str, bad: str, good: str, tmp_path: Path
) -> None:
    assert rules(found(tmp_path, {path: bad})) == [rule]
    assert rules(found(tmp_path, {path: good})) == []


@pytest.mark.parametrize("path", ["src/entrepot/main.py", "src/entrepot/faces/cli/user.py"])
def test_the_command_line_may_print(path: str, tmp_path: Path) -> None:
    assert rules(found(tmp_path, {path: DOC + "print(1)\n"})) == []


def test_a_bare_except_is_broad(tmp_path: Path) -> None:
    assert rules(found(tmp_path, {SERVICE: caught("").replace("except :", "except:")})) == [
        "broad-except"
    ]


def test_an_exception_of_ours_that_is_not_raised_is_found_in_another_file(tmp_path: Path) -> None:
    files = {
        "src/entrepot/oci/errors.py": DOC + "class Fault(Exception): ...\nclass Gone(Fault): ...\n",
        SERVICE: DOC + "errors.Gone(404)\n",
    }
    findings = found(tmp_path, files)
    assert [(f.path, f.line, f.rule) for f in findings] == [(SERVICE, 2, "exception-statement")]


def test_tests_are_free_of_what_only_the_package_must_keep(tmp_path: Path) -> None:
    text = "import time\ndef f():\n    import json\n    print(json)\n"
    assert rules(found(tmp_path, {"tests/test_a.py": text})) == []


# --- exceptions ----------------------------------------------------------------------------------

ENTRY = """
[[except]]
rule = "function-import"
where = "src/entrepot/services/*.py"
name = "json"
since = 2026-11-21
why = "it is not always there"
"""
IMPORTS = DOC + "def f():\n    import json.decoder\n"
TESTED = {"tests/services/test_pull.py": ""}


def test_a_written_exception_lets_its_fault_pass(tmp_path: Path) -> None:
    assert found(tmp_path, {SERVICE: IMPORTS, "tidy.toml": ENTRY} | TESTED) == []


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY.replace("json", "yaml"),
        ENTRY.replace("services", "rules"),
        ENTRY.replace("function-import", "print"),
    ],
)
def test_another_exception_does_not_and_is_stale(entry: str, tmp_path: Path) -> None:
    findings = found(tmp_path, {SERVICE: IMPORTS, "tidy.toml": entry} | TESTED)
    assert sorted(rules(findings)) == ["exception", "function-import"]


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY.replace("since = 2026-11-21", ""),
        ENTRY.replace("2026-11-21", '"lately"'),
        ENTRY.replace("it is not always there", ""),
        ENTRY + 'who = "me"\n',
    ],
)
def test_an_exception_needs_a_date_and_a_reason(entry: str, tmp_path: Path) -> None:
    assert rules(found(tmp_path, {SERVICE: IMPORTS, "tidy.toml": entry} | TESTED)) == ["exception"]


# --- what holds between files --------------------------------------------------------------------


@pytest.mark.parametrize("storey", ["oci", "rules", "services"])
def test_a_stem_without_a_test_is_found(storey: str, tmp_path: Path) -> None:
    path = f"src/entrepot/{storey}/deep/name.py"
    findings = found(tmp_path, {path: DOC + "def f(): ...\n"})
    assert [(f.rule, f.path) for f in findings] == [("stem-test", path)]
    assert found(tmp_path, {f"tests/{storey}/deep/test_name.py": ""}) == []


def test_a_module_that_does_nothing_needs_no_test(tmp_path: Path) -> None:
    assert found(tmp_path, {"src/entrepot/rules/roles.py": DOC + "A = 1\n"}) == []


DECISION = """# Title

* Date: 2026-11-21

## Context

## Decision

## Consequences

## What would change our mind

"""


def test_decisions_are_numbered_without_a_gap(tmp_path: Path) -> None:
    good = {"docs/adr/0001-a.md": DECISION, "docs/adr/README.md": ""}
    assert found(tmp_path, good) == []
    assert rules(found(tmp_path, {"docs/adr/0003-b.md": DECISION})) == ["decision"]


@pytest.mark.parametrize("part", ["* Date: 2026-11-21", "## What would change our mind"])
def test_a_decision_is_dated_and_says_what_would_change_our_mind(part: str, tmp_path: Path) -> None:
    page = DECISION.replace(part, "")
    assert rules(found(tmp_path, {"docs/adr/0001-a.md": page})) == ["decision"]


def invariants(*statuses: str) -> dict[str, str]:
    rows = [f"| I{n} | words | held by | {status} |" for n, status in enumerate(statuses, start=1)]
    return {"docs/invariants.md": "| id | what | held by | status |\n" + "\n".join(rows) + "\n"}


CITED = {"src/entrepot/a.py": DOC + "# I1\n", "tests/test_a.py": "# I1\n"}


def test_an_invariant_held_now_is_named_by_code_and_test(tmp_path: Path) -> None:
    assert found(tmp_path, invariants("held now", "comes with #4") | CITED) == []


@pytest.mark.parametrize("missing", CITED)
def test_an_invariant_that_code_or_test_forgot_is_found(missing: str, tmp_path: Path) -> None:
    files = invariants("held now") | CITED | {missing: DOC}
    assert rules(found(tmp_path, files)) == ["invariant"]


def test_an_unknown_invariant_is_found_where_it_is_named(tmp_path: Path) -> None:
    findings = found(tmp_path, invariants("held now") | CITED | {"sim/a.py": DOC + "# I2\n"})
    assert [(f.rule, f.path) for f in findings] == [("invariant", "sim/a.py")]


@pytest.mark.parametrize("status", ["held", "", "comes with"])
def test_an_invariant_has_a_status(status: str, tmp_path: Path) -> None:
    assert "invariant" in rules(found(tmp_path, invariants(status) | CITED))
