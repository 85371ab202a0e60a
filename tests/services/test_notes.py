"""Notes: written, read, replaced and removed."""

from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.errors import Fault
from entrepot.ports.catalog import Catalog
from entrepot.services.auditing import Act
from entrepot.services.context import Caller
from entrepot.services.notes import NAMES_MAX, TEXT_MAX_BYTES, NoteService
from tests.services.house import HandClock


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite:///:memory:")
    yield made
    await made.close()


@pytest.fixture
def notes(catalog: Catalog) -> NoteService:
    return NoteService(catalog, HandClock())


async def test_a_note_is_kept_by_kind_and_name(notes: NoteService) -> None:
    await notes.put("a", "x", "first")
    await notes.put("a", "x", "second")
    await notes.put("b", "x", "other")
    assert await notes.of("a", ["x", "y"]) == {"x": "second"}
    await notes.put("a", "x", "")
    await notes.put("a", "x", "")
    assert await notes.of("a", ["x"]) == {}
    assert await notes.of("b", ["x"]) == {"x": "other"}


async def test_many_at_once(notes: NoteService) -> None:
    names = [f"n{number}" for number in range(250)]
    for name in names:
        await notes.put("a", name, name.upper())
    assert await notes.of("a", names) == {name: name.upper() for name in names}
    with pytest.raises(ValueError, match="at once"):
        await notes.of("a", ["x"] * (NAMES_MAX + 1))


async def test_too_long_a_note(notes: NoteService) -> None:
    await notes.put("a", "x", "ä" * (TEXT_MAX_BYTES // 2))
    with pytest.raises(Fault, match="too much"):
        await notes.put("a", "x", "ä" * (TEXT_MAX_BYTES // 2) + "a")


async def test_one_that_has_a_line_in_the_log(catalog: Catalog, notes: NoteService) -> None:
    await notes.put("a", "x", "1")
    await notes.put("a", "x", "2", line=(Caller("alice"), Act("site.changed", "x")))
    async with catalog.begin() as tx:
        lines = await tx.audit.after(0, 10)
    assert [(line.actor, line.operation) for line in lines] == [("alice", "site.changed")]
