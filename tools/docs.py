"""Writes the pages that are made from the code: `python -m tools.docs [--check]`.

| page | made from |
|---|---|
| `docs/adr/README.md` | titles, dates and status of the decisions |
| `docs/access.md`, its table | `entrepot.rules.permissions` and `roles` |
| `docs/cli.md` | the tree of commands of `entrepot.main` |
| `docs/harbor.md`, its table | the routes of Harbor's API, and what its clients were answered |
| `docs/openapi/*.json` | the routes of `entrepot.faces.manage` |
| `docs/registry2.md`, its table | `entrepot.settings.registry2.KEYS` |
| `docs/settings.md` | `entrepot.settings.keys()` |

With `--check` nothing is written: pages that would change are named, and the exit code is 1.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from entrepot.main import main as entrepot
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN
from entrepot.settings import PREFIX, SHORT_NAMES
from entrepot.settings import keys as all_settings
from entrepot.settings.registry2 import KEYS, Key
from tools import harbor as harbors
from tools.description import documents, harbor_endpoints, text_of

MADE = "<!-- Made by `make docs`; do not edit. -->"
ADR = "docs/adr"
HELP_WIDTH = 96
TABLE_BEGINS = "<!-- keys -->"
TABLE_ENDS = "<!-- end of keys -->"


def decisions(root: Path) -> str:
    """Return the index of the decisions under `root`, which look like `docs/adr/0001-*.md`."""
    lines = [
        "# Decisions",
        "",
        MADE,
        "",
        "A decision changes by a new one that says what was measured; the old one stays, with its",
        "status changed to `superseded by NNNN`.",
        "",
        "| | decision | status | date |",
        "|---|---|---|---|",
    ]
    for file in sorted((root / ADR).glob("[0-9]*.md")):
        page = file.read_text(encoding="utf-8")
        title, status, date = (
            _found(pattern, page, file)
            for pattern in (r"^# (.+)$", r"^\* Status: (.+)$", r"^\* Date: (.+)$")
        )
        lines.append(f"| {file.stem[:4]} | [{title}]({file.name}) | {status} | {date} |")
    return "\n".join(lines) + "\n"


def commands(root: Path) -> str:  # noqa: ARG001 - all makers of pages have one shape
    """Return the help of `entrepot` and of all its subcommands."""
    parts = ["# The command line\n", MADE + "\n"]
    parts += [
        f"## `{context.command_path}`\n\n```text\n{context.get_help()}\n```\n"
        for context in _walk(entrepot, "entrepot", None)
    ]
    return "\n".join(parts)


def keys(root: Path) -> str:  # noqa: ARG001 - all makers of pages have one shape
    """Return the table of all settings."""
    lines = [
        "# Settings",
        "",
        MADE,
        "",
        "One TOML file (`entrepot serve --config FILE`), then `ENTREPOT_*` variables, then flags;",
        "the last one wins. Lists in a variable are separated by commas. Short names:",
        ", ".join(
            f"`{PREFIX}{short}` for `{section}.{key}`"
            for short, (section, key) in SHORT_NAMES.items()
        )
        + ".",
        "",
        "| key | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    for section, key, description, default in all_settings():
        variable = f"{PREFIX}{section}_{key}".upper()
        lines.append(f"| `{section}.{key}` | `{variable}` | {_toml(default)} | {description} |")
    return "\n".join(lines) + "\n"


def registry2(root: Path) -> str:
    """Return the page on registry:2, its text as it stands, with the table of all keys."""
    rows = [
        f"| `{key.path}` | {key.fate.value} | {'; '.join(filter(None, (_target(key), key.note)))} |"
        for key in KEYS
    ]
    table = ["| key | | what becomes of it |", "|---|---|---|", *rows]
    return _with_table(root / "docs/registry2.md", table)


def access(root: Path) -> str:
    """Return the page on access, its text as it stands, with the table of all permissions."""
    roles = [*BUILT_IN]
    table = [
        f"| permission | on | allows to | {' | '.join(f'`{name}`' for name in roles)} |",
        f"|---|---|---|{'---|' * len(roles)}",
    ]
    for one in Permission:
        has = ["x" if one in BUILT_IN[name] else "" for name in roles]
        table.append(f"| `{one.value}` | {one.level.value} | {one.about} | {' | '.join(has)} |")
    return _with_table(root / "docs/access.md", table)


def openapi_v1(root: Path) -> str:  # noqa: ARG001 - all makers of pages have one shape
    """Return the OpenAPI document of `/api/entrepot/v1`."""
    return text_of(documents()["entrepot-v1"])


def harbor(root: Path) -> str:
    """Return the page on Harbor, its text as it stands, with the table of endpoints."""
    return _with_table(root / "docs/harbor.md", harbors.lines(root, harbor_endpoints()))


def openapi_harbor(root: Path) -> str:  # noqa: ARG001 - all makers of pages have one shape
    """Return the OpenAPI document of `/api/v2.0`."""
    return text_of(documents()["harbor-v2.0"])


def _with_table(file: Path, table: list[str]) -> str:
    """Return the page in a file with this table between its marks."""
    before, _, rest = file.read_text(encoding="utf-8").partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    return "\n".join([before + TABLE_BEGINS, MADE, "", *table, "", TABLE_ENDS + after])


def _target(key: Key) -> str:
    return f"`{key.target}`" if key.target else ""


PAGES: dict[str, Callable[[Path], str]] = {
    f"{ADR}/README.md": decisions,
    "docs/access.md": access,
    "docs/cli.md": commands,
    "docs/harbor.md": harbor,
    "docs/openapi/entrepot-v1.json": openapi_v1,
    "docs/openapi/harbor-v2.0.json": openapi_harbor,
    "docs/registry2.md": registry2,
    "docs/settings.md": keys,
}


def stale(root: Path) -> list[str]:
    """Return the pages under `root` that are not as the code would make them."""
    return [
        page
        for page, make in PAGES.items()
        if not (root / page).exists() or (root / page).read_text(encoding="utf-8") != make(root)
    ]


def main(arguments: list[str]) -> int:
    """Write or, with `--check`, only compare the pages; return the exit code."""
    root = Path(__file__).parents[1]
    pages = stale(root)
    if arguments == ["--check"]:
        for page in pages:
            print(f"{page} is not as the code says: run `make docs`")
        return bool(pages)
    for page in pages:
        (root / page).parent.mkdir(parents=True, exist_ok=True)
        (root / page).write_text(PAGES[page](root), encoding="utf-8")
        print(f"wrote {page}")
    return 0


def _walk(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[click.Context]:
    width = {"terminal_width": HELP_WIDTH, "max_content_width": HELP_WIDTH}
    context = click.Context(command, parent, name, **{**width, **command.context_settings})
    yield context
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _walk(command.commands[inner], inner, context)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _found(pattern: str, page: str, file: Path) -> str:
    match = re.search(pattern, page, re.MULTILINE)
    if match is None:
        sys.exit(f"{file}: no line matches {pattern}")
    return match[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
