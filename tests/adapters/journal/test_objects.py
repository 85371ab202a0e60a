"""The journal in an object store: whoever writes, it is read in order and once."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.journal import ObjectJournal
from entrepot.adapters.journal.objects import JOINED_COUNT
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event
from entrepot.ports.journal import Unreadable
from tests.adapters.bucketed import MemoryObjects

APP = RepositoryName("library/app")


def event(sequence: int) -> Event:
    return Event("tag.moved", APP, '{"digest":"d"}', 1_800_000_000.0 + sequence, sequence)


async def opened(objects: MemoryObjects) -> ObjectJournal:
    journal = ObjectJournal(objects)
    await journal.look()
    return journal


async def read(journal: ObjectJournal, after: int = 0) -> list[Event | Unreadable]:
    return [found async for found in journal.events(after)]


async def test_another_replica_goes_on_where_one_ended() -> None:
    objects = MemoryObjects()
    await (await opened(objects)).append([event(1), event(2)])
    second = await opened(objects)
    assert second.last == 2
    await second.append([event(2), event(3)])
    assert await read(second) == [event(1), event(2), event(3)]
    assert await read(second, 2) == [event(3)]


async def test_nothing_is_written_for_what_is_there() -> None:
    objects = MemoryObjects()
    journal = await opened(objects)
    await journal.append([event(1)])
    before = dict(objects.objects)
    await journal.append([event(1)])
    assert objects.objects == before


async def test_small_objects_are_joined() -> None:
    objects = MemoryObjects()
    journal = await opened(objects)
    for number in range(1, 3 * JOINED_COUNT):
        await journal.append([event(number)])
    assert len(objects.objects) < JOINED_COUNT + 2
    assert await read(journal) == [event(number) for number in range(1, 3 * JOINED_COUNT)]


async def test_one_that_is_joined_meanwhile_is_found_in_the_larger_one() -> None:
    objects = MemoryObjects()
    journal = await opened(objects)
    for number in range(1, 6):
        await journal.append([event(number)])
    objects.gone_once = sorted(objects.objects)[3]
    assert await read(journal) == [event(number) for number in range(1, 6)]


async def test_damage_is_told_with_its_place() -> None:
    objects = MemoryObjects()
    journal = await opened(objects)
    await journal.append([event(1), event(2)])
    (key,) = objects.objects
    objects.objects[key] = objects.objects[key].replace(b'"d"', b'"x"', 1)
    found = await read(journal)
    assert isinstance(found[0], Unreadable)
    assert key in found[0].place
    assert found[1:] == [event(2)]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
async def test_two_that_write_at_once_write_the_same(uptos: list[int]) -> None:
    """Neither knows of the other; each is as far as chance has it."""
    objects = MemoryObjects()
    writers = [await opened(objects), await opened(objects)]
    for turn, upto in enumerate(uptos):
        writer = writers[turn % 2]
        await writer.append([event(number) for number in range(writer.last + 1, upto + 1)])
    expected = [event(number) for number in range(1, max(uptos) + 1)]
    assert await read(await opened(objects)) == expected
