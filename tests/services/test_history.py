"""Time travel: states, moves and differences."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.history import Standing
from entrepot.services.history import ID_MAX, STEPS_MAX
from tests.services.house import APP
from tests.services.timeline import OTHER, V1, V2, V3, Timeline, open_timeline, play, steps


async def test_a_tag_at_each_moment(timeline: Timeline) -> None:
    begin = timeline.house.clock.seconds
    one = await timeline.push(V1, "one")
    two = await timeline.push(V1, "two")
    await timeline.delete(V1)
    found = await timeline.history.at(APP, V1, begin)
    assert (found.digest, found.standing, found.since) == (one, Standing.HERE, begin)
    assert (await timeline.history.at(APP, V1, begin + 9.9)).digest == one
    assert (await timeline.history.at(APP, V1, begin + 10)).digest == two
    for moment, cause in ((begin - 1, "was pushed after"), (begin + 20, "had been deleted by")):
        with pytest.raises(Fault) as absent:
            await timeline.history.at(APP, V1, moment)
        assert absent.value.code is Code.MANIFEST_UNKNOWN
        assert cause in absent.value.message


async def test_what_never_was(timeline: Timeline) -> None:
    with pytest.raises(Fault) as unknown:
        await timeline.history.at(APP, V1, 0.0)
    assert unknown.value.code is Code.NAME_UNKNOWN
    await timeline.push(V1, "one")
    with pytest.raises(Fault) as never:
        await timeline.history.at(APP, V2, timeline.house.clock.seconds)
    assert "was never pushed" in never.value.message


async def test_what_became_of_the_manifest(timeline: Timeline) -> None:
    moment = timeline.house.clock.seconds
    one = await timeline.push(V1, "one")
    await timeline.delete(one)
    assert (await timeline.history.at(APP, V1, moment)).standing is Standing.TRASH
    await timeline.purge()
    assert (await timeline.history.at(APP, V1, moment)).standing is Standing.GONE
    await timeline.push(V2, "one")
    assert (await timeline.history.at(APP, V1, moment)).standing is Standing.HERE


async def test_moves_say_who_and_with_what(timeline: Timeline) -> None:
    one = await timeline.push(V1, "one")
    await timeline.push(V2, "one")
    await timeline.push(V1, "other", OTHER)
    two = await timeline.push(V1, "two")
    page = await timeline.history.moves(APP, None, "", 2)
    assert [(m.tag, m.before, m.after) for m in page.items] == [(V1, one, two), (V2, None, one)]
    assert {(m.actor, m.client) for m in page.items} == {("alice", "docker/28")}
    assert page.more
    rest = await timeline.history.moves(APP, None, page.cursor, 2)
    assert [(m.tag, m.before, m.after) for m in rest.items] == [(V1, None, one)]
    assert not rest.more
    only = await timeline.history.moves(APP, V1, "", 9)
    assert [m.after for m in only.items] == [two, one]
    assert only.items[0].at == timeline.house.clock.seconds - 10


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "²"])
async def test_a_cursor_of_moves_is_a_number(timeline: Timeline, cursor: str) -> None:
    await timeline.push(V1, "one")
    with pytest.raises(Fault) as refused:
        await timeline.history.moves(APP, None, cursor, 2)
    assert refused.value.code is Code.REQUEST_INVALID


async def test_a_clock_that_went_back_turns_nothing_around(timeline: Timeline) -> None:
    clock = timeline.house.clock
    await timeline.push(V1, "one")
    set_at = clock.seconds
    clock.seconds -= 100
    went_back_to = clock.seconds
    two = await timeline.push(V1, "two")
    # What was committed last wins at both times, and is seen from the time it was written under.
    assert await timeline.state(set_at) == {V1: two}
    assert await timeline.state(went_back_to) == {V1: two}
    assert await timeline.state(went_back_to - 1) == {}


async def test_a_page_of_tags_that_were_not_there_is_short(timeline: Timeline) -> None:
    early = timeline.house.clock.seconds
    last = await timeline.push(Tag("z"), "one")
    for number in range(STEPS_MAX + 5):
        await timeline.push(Tag(f"t{number:02}"), "two")
    page = await timeline.history.state(APP, early, "", 1)
    assert (page.items, page.more, page.cursor) == ([], True, f"t{STEPS_MAX - 1:02}")
    assert await timeline.state(early, limit=1) == {"z": last}
    changes = await timeline.history.diff(APP, early, early, "", 1)
    assert (changes.items, changes.more, changes.cursor) == ([], True, page.cursor)


async def test_differences(timeline: Timeline) -> None:
    one = await timeline.push(V1, "one")
    await timeline.push(V2, "one")
    before = timeline.house.clock.seconds - 1
    two = await timeline.push(V1, "two")
    await timeline.delete(V2)
    await timeline.push(V3, "one")
    after = timeline.house.clock.seconds
    page = await timeline.history.diff(APP, before, after, "", 10)
    assert [(c.tag, c.kind, c.before, c.after) for c in page.items] == [
        (V1, "moved", one, two),
        (V2, "removed", one, None),
        (V3, "added", None, one),
    ]
    assert not page.more
    back = await timeline.history.diff(APP, after, before, "v1", 1)
    assert [(c.tag, c.kind) for c in back.items] == [(V2, "added")]
    assert back.more


async def test_repositories_of_a_project(timeline: Timeline) -> None:
    gone = await timeline.push(V1, "one")
    await timeline.push(V1, "one", OTHER)
    await timeline.push(V1, "one", RepositoryName("acme/api"))
    await timeline.delete(gone)
    page = await timeline.history.repositories("library", "", 1)
    assert (page.items, page.more) == ([APP], True)
    rest = await timeline.history.repositories("library", page.cursor, 1)
    assert (rest.items, rest.more) == ([OTHER], False)


@given(steps, st.integers(0, 13), st.integers(0, 13))
def test_a_state_is_the_moves_until_then(
    done: list[tuple[str, Tag, str, int]], first: int, second: int
) -> None:
    async def run() -> None:
        async with open_timeline() as timeline:
            begin = timeline.house.clock.seconds
            await timeline.push(V1, "a")
            await play(timeline, done)
            one, two = begin + first * 10 - 5, begin + second * 10 - 5
            for moment in (begin - 1, one, two, timeline.house.clock.seconds + 99):
                assert await timeline.state(moment) == await timeline.replayed(moment)
            assert await timeline.state(ID_MAX) == await timeline.now()
            state = await timeline.state(one)
            changes = await timeline.history.diff(APP, one, two, "", 100)
            for change in changes.items:
                assert state.get(change.tag) == change.before
                state.pop(change.tag, None)
                if change.after is not None:
                    state[change.tag] = change.after
            assert state == await timeline.state(two)

    asyncio.run(run())
