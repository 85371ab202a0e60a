"""Turns statements and schema into text.

Run by `python -m entrepot.adapters.catalog.compile`. The text is kept beside this file, so that
the server needs no SQLAlchemy; a test compares.
"""

import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from .management_schema import metadata
from .statements.tools import Upsert

AGGREGATES = (
    "artifacts",
    "repositories",
    "manifests",
    "tags",
    "blobs",
    "uploads",
    "outbox",
    "accounts",
    "collection",
    "reach",
    "inspection",
    "jobs",
    "job_lines",
    "schedules",
    "history",
    "ledgers",
    "policies",
    "pulls",
    "trash",
    "damages",
    "cursors",
    "rebuilding",
    "projects",
    "grants",
    "roles",
    "epochs",
    "profiles",
    "groups",
    "robots",
    "credentials",
    "workloads",
    "revocations",
    "factors",
    "sessions",
    "audit",
    "signing_keys",
    "sealed_secrets",
    "sealed_factors",
    "webhooks",
    "deliveries",
    "notes",
    "numbers",
    "labels",
    "marks",
    "pages",
    "remotes",
    "replication_policies",
    "site_settings",
    "idempotency",
    "extracts",
    "listing",
    "listing_artifacts",
    "listing_people",
    "listing_related",
)

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_QUALIFIED = re.compile(r"(?<= RETURNING ).*$")
_OWN_PARAM = re.compile(r":(param_\d+)|%\((param_\d+)\)s")
_WIDTH = 80
_IMPORT = "from .connection import Statement"
_MADE = "Made by `python -m entrepot.adapters.catalog.compile`: change the source, not this file."


def sqlite_dialect() -> Dialect:
    """Return the dialect whose text the standard library's driver takes."""
    return sqlite.dialect(paramstyle="named")


def postgres_dialect() -> Dialect:
    """Return the dialect of PostgreSQL, with named parameters and without casts."""
    made: Dialect = postgresql.base.PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
    return made


def statements(dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Yield name and text of each statement, as `TAGS_FIND`, in one line."""
    for aggregate in AGGREGATES:
        module = import_module(f".statements.{aggregate}", __package__)
        for name, value in vars(module).items():
            if name[0] != "_" and name.isupper() and isinstance(value, ClauseElement | Upsert):
                yield f"{aggregate.upper()}_{name}", _text(value, dialect)


def tables(dialect: Dialect) -> Iterator[str]:
    """Yield the statements that make the schema, in order."""
    for table in metadata.sorted_tables:
        yield _line(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield _line(str(CreateIndex(index).compile(dialect=dialect)))


def sql_module() -> str:
    """Return the source of `sql.py`."""
    heading = f'"""The text of every statement.\n\n{_MADE}\n"""\n\n{_IMPORT}\n\n# fmt: off\n'
    others = dict(statements(postgres_dialect()))
    parts = [
        f"\n{name} = Statement(\n    sqlite={_source(text, 4)},\n{_other(text, others[name])})\n"
        for name, text in statements(sqlite_dialect())
    ]
    return heading + "".join(parts)


def _other(text: str, other: str) -> str:
    """Return the line with PostgreSQL's text, where it takes another than SQLite."""
    if _plain(other) == _plain(text):
        return ""
    return f"    postgres={_source(other, 4)},\n"


def _plain(text: str) -> str:
    """Return a text without what both databases take and only one dialect writes."""
    text = text.replace(" OFFSET 0", "").replace('"', "")
    return _QUALIFIED.sub(lambda found: re.sub(r"\b\w+\.", "", found[0]), text)


def ddl_module() -> str:
    """Return the source of `ddl.py`."""
    heading = f'"""The text that makes an empty catalog.\n\n{_MADE}\n"""\n\n# fmt: off\n'
    parts = [f"    {_source(text, 4)},\n" for text in tables(sqlite_dialect())]
    others = [f"    {_source(text, 4)},\n" for text in tables(postgres_dialect())]
    return f"{heading}SQLITE = (\n{''.join(parts)})\n\nPOSTGRES = (\n{''.join(others)})\n"


def write(folder: Path) -> None:
    """Write both modules into `folder`."""
    (folder / "sql.py").write_text(sql_module(), encoding="utf-8")
    (folder / "ddl.py").write_text(ddl_module(), encoding="utf-8")


def _text(value: ClauseElement | Upsert, dialect: Dialect) -> str:
    if isinstance(value, Upsert):
        value = value.build(_INSERTS[dialect.name])
    compiled = value.compile(dialect=dialect)
    # What SQLAlchemy made a parameter by itself, such as `limit(1)`, is written out.
    return _OWN_PARAM.sub(
        lambda found: str(compiled.params[found[1] or found[2]]), _line(str(compiled))
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _source(text: str, indent: int) -> str:
    """Return `text` as Python source, in lines of bounded width."""
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    if len(lines) == 1:
        return _literal(text)
    inner = "".join(f"{' ' * (indent + 4)}{_literal(line + ' ')}\n" for line in lines[:-1])
    return f"(\n{inner}{' ' * (indent + 4)}{_literal(lines[-1])}\n{' ' * indent})"


def _literal(text: str) -> str:
    if "'" in text:
        text = text.replace('"', '\\"')
        return f'"{text}"'
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', '\\"') + '"'


if __name__ == "__main__":
    write(Path(__file__).parent)
