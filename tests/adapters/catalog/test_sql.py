"""The text of statements: kept in step with its source, and served by indexes."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql

from entrepot.adapters.catalog import compile as source
from entrepot.adapters.catalog import ddl, sql
from entrepot.adapters.catalog.connection import Statement

STATEMENTS = {name: value for name, value in vars(sql).items() if isinstance(value, Statement)}

WALKS = {
    # What counts or inspects all.
    "ACCOUNTS_COUNT",
    "INSPECTION_DEAD_HOLDS",
    "INSPECTION_DEAD_TARGETS",
    "INSPECTION_DRIFTED_CHARGES",
    "INSPECTION_DRIFTED_LEDGERS",
    "INSPECTION_STRAY_CHILDREN",
    "INSPECTION_STRAY_TAGS",
    "INSPECTION_TRASH_WITHOUT_BYTES",
    "INSPECTION_UNCHARGED",
    "INSPECTION_WITHOUT_BYTES",
    "INSPECTION_WITHOUT_LEDGER",
    "INSPECTION_WITHOUT_SELF",
    # The tags that it found itself, one by one down the index.
    "HISTORY_FACTS",
    # Counts what a bounded search found.
    "DELIVERIES_COUNT_OPEN",
    "REACH_HOLDERS",
    # As many as may be kept, down an index.
    "IDEMPOTENCY_COUNT",
    # What is listed whole, and remembered: at most some thousands.
    "LISTING_JOBS_ALL",
    "LISTING_PEOPLE_GROUPS_BY_CREATED",
    "LISTING_PEOPLE_GROUPS_BY_NAME",
    "LISTING_PEOPLE_ROBOTS_BY_CREATED",
    "LISTING_PEOPLE_ROBOTS_BY_NAME",
    "LISTING_PEOPLE_USERS_BY_CREATED",
    "LISTING_PEOPLE_USERS_BY_NAME",
    "LISTING_PROJECTS_BY_CREATED",
    "LISTING_PROJECTS_BY_LIMIT",
    "LISTING_PROJECTS_BY_NAME",
    "LISTING_PROJECTS_BY_USED",
    # The tags that it found itself, a bounded number.
    "LISTING_ARTIFACTS_TAG_TEXT",
    # The oldest rows, as many as one step removes.
    "OUTBOX_PRUNE",
    # A few dozen keys at most.
    "SIGNING_KEYS_ALL",
    # As many as there are settings.
    "SITE_SETTINGS_ALL",
    # Once a minute, of some thousands at most.
    "WEBHOOKS_REMOVED",
}
"""Statements that may read a table from its first row."""

SORTS = {
    # Those to one subject.
    "GRANTS_OF_SUBJECT",
    "INSPECTION_DRIFTED_CHARGES",
    # Those of one project, some dozens.
    "WEBHOOKS_PAGE_PROJECT",
    # The edges of one manifest.
    "REACH_HOLDERS",
    # Keys of a list in its order, remembered until something in it changes.
    "LISTING_ARTIFACTS_ALL_BY_PUSHED",
    "LISTING_ARTIFACTS_ALL_BY_SIZE",
    "LISTING_ARTIFACTS_DIGEST_BY_PUSHED",
    "LISTING_ARTIFACTS_LABEL_BY_PUSHED",
    "LISTING_ARTIFACTS_LABEL_BY_SIZE",
    "LISTING_ARTIFACTS_TAGS_BY_MOVED",
    "LISTING_ARTIFACTS_TAGS_BY_MOVED_DOWN",
    "LISTING_ARTIFACTS_TAG_BY_PUSHED",
    "LISTING_ARTIFACTS_TAG_BY_SIZE",
    "LISTING_JOBS_OF_KINDS",
    "LISTING_LEDGERS_BY_LIMIT",
    "LISTING_LEDGERS_BY_USED",
    "LISTING_PEOPLE_GRANTS_BY_NAME",
    "LISTING_PEOPLE_GROUPS_BY_CREATED",
    "LISTING_PEOPLE_ROBOTS_BY_CREATED",
    "LISTING_PEOPLE_USERS_BY_CREATED",
    "LISTING_PROJECTS_BY_CREATED",
    "LISTING_PROJECTS_BY_LIMIT",
    "LISTING_PROJECTS_BY_USED",
    "LISTING_REPOSITORIES_BY_CREATED",
    # Those of a project, a few sorts; those of a page of robots.
    "LISTING_PEOPLE_GRANTS_OF_ROBOTS",
    "LISTING_PEOPLE_GRANTS_SORTS",
    "LISTING_REPOSITORIES_BY_UPDATED",
    # The tags of one manifest.
    "TAGS_OF",
    # Those of a directory, once an hour.
    "PROFILES_PAGE",
    # A few dozen keys at most.
    "SIGNING_KEYS_ALL",
}
"""Statements that may sort what they found."""


@pytest.fixture(scope="module")
def raw() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:")
    for text in ddl.SQLITE:
        raw.execute(text)
    return raw


def test_the_text_is_that_of_the_source() -> None:
    again = "run python -m entrepot.adapters.catalog.compile"
    assert Path(sql.__file__).read_text(encoding="utf-8") == source.sql_module(), again
    assert Path(ddl.__file__).read_text(encoding="utf-8") == source.ddl_module(), again


def test_statements_are_served_by_indexes(raw: sqlite3.Connection) -> None:
    assert _planned(raw, "SCAN") == WALKS
    assert _planned(raw, "USE TEMP B-TREE") == SORTS


@pytest.mark.parametrize(
    "name, columns",
    [
        ("NUMBERS_OF", "kind=? AND name=?"),
        ("LEDGERS_NAMED", "kind=? AND name=?"),
        ("LISTING_ARTIFACTS_TAGS_ROWS", "repository_id=? AND name=?"),
        ("LISTING_RELATED_IDS", "digest=? AND repository_id=?"),
        ("LISTING_RELATED_REFERRERS", "repository_id=? AND subject=?"),
        ("LISTING_RELATED_TAGGED", "repository_id=? AND name=?"),
        ("LISTING_PEOPLE_GRANTS_OF_ROBOTS", "subject_kind=? AND subject=?"),
    ],
)
def test_keys_are_looked_up_not_gone_through(
    raw: sqlite3.Connection, name: str, columns: str
) -> None:
    plan = raw.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name].sqlite}", _Any()).fetchall()
    assert [row[3] for row in plan if row[3].endswith(f"({columns})")]


def test_what_a_repository_has_is_found_by_digest(raw: sqlite3.Connection) -> None:
    plan = raw.execute(f"EXPLAIN QUERY PLAN {STATEMENTS['REPOSITORIES_HELD'].sqlite}", _Any())
    steps = [row[3] for row in plan]
    assert [step for step in steps if "digest=?" in step]
    assert not [step for step in steps if "state=?" in step]  # all that are live


def test_statements_and_schema_are_made_for_postgresql_too() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    texts = [text for _, text in source.statements(dialect)]
    assert len(texts) == len(STATEMENTS)
    assert not [text for text in texts if "param_" in text]
    tables = list(source.tables(dialect))
    assert len(tables) == len(ddl.SQLITE)
    assert 'name TEXT COLLATE "C"' in " ".join(tables)


def test_every_statement_is_used() -> None:
    folder = Path(sql.__file__).parent
    used = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [name for name in STATEMENTS if f"sql.{name}" not in used] == []


def _planned(raw: sqlite3.Connection, step: str) -> set[str]:
    """Return the names of the statements whose plan has such a step."""
    return {
        name
        for name, statement in STATEMENTS.items()
        for row in raw.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", _Any())
        if row[3].startswith(step) and "json_each" not in row[3]  # keys that are asked for
    }


class _Any(dict[str, object]):
    """A value for every parameter."""

    def __missing__(self, key: str) -> object:
        return 1
