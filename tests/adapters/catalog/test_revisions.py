"""What is run of a chain of revisions, and by whom a database may be used."""

import pytest

from entrepot.adapters.catalog.migrations.offline import statements
from entrepot.adapters.catalog.prepare import HEAD, REVISIONS, CatalogUnusable
from entrepot.adapters.catalog.revisions import CHAIN, Revision, State, floor_of, pending

FIRST_ON_POSTGRES = "0004"
"""Catalogs on PostgreSQL are as old as that, and no older."""

OLD = (Revision("1"), Revision("2"))
NEW = (*OLD, Revision("3"), Revision("4", floor="3"))
NEWER = (*NEW, Revision("5"))


@pytest.mark.parametrize(
    "state, chain, with_post, names",
    [
        (State("1", ""), OLD, False, "2"),
        (State("2", ""), OLD, False, ""),
        (State("2", ""), NEW, False, "3"),
        (State("3", ""), NEW, False, ""),
        (State("2", ""), NEW, True, "34"),
        (State("4", "3"), NEW, True, ""),
        # What a later one stands on is run, whatever it is.
        (State("3", ""), NEWER, False, "45"),
        # Older code, a database that newer code has added to.
        (State("3", ""), OLD, False, ""),
        (State("3", ""), OLD, True, ""),
        (State("5", "3"), NEW, False, ""),
    ],
)
def test_what_is_pending(
    state: State, chain: tuple[Revision, ...], with_post: bool, names: str
) -> None:
    assert "".join(each.name for each in pending(state, chain, with_post=with_post)) == names


def test_code_that_is_too_old_is_refused() -> None:
    with pytest.raises(CatalogUnusable, match=r"schema 4.*its own is 2"):
        pending(State("4", "3"), OLD, with_post=False)


def test_floors() -> None:
    assert (floor_of(OLD), floor_of(NEW), floor_of(NEWER)) == ("", "3", "3")


def test_the_chain_is_that_of_the_migrations() -> None:
    assert [each.name for each in CHAIN] == list(REVISIONS)
    assert CHAIN[-1].name == HEAD


@pytest.mark.parametrize("name", [name for name in REVISIONS if name > FIRST_ON_POSTGRES])
def test_each_revision_can_be_written_down_without_a_connection(name: str) -> None:
    texts = statements(name)
    assert texts
    assert not any(text.endswith(";") or text.startswith("--") for text in texts)


def test_a_destructive_revision_names_a_floor_before_it() -> None:
    for number, revision in enumerate(CHAIN):
        assert not revision.is_post or revision.floor in REVISIONS[:number]
