"""Rollbacks: planned, carried out, repeated."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.oci.reference import Tag
from entrepot.rules.history import Action, Standing, Step
from entrepot.services.rolling import Scope
from tests.services.house import APP
from tests.services.timeline import (
    ALL,
    BOB,
    V1,
    V2,
    V3,
    Timeline,
    carry_out,
    events,
    of,
    open_timeline,
    plan,
    play,
    steps,
)


async def test_a_tag_goes_back(timeline: Timeline) -> None:
    moment = timeline.house.clock.seconds
    one = await timeline.push(V1, "one")
    two = await timeline.push(V1, "two")
    rollback = await timeline.rollback.ask(of(V1), moment)
    expected = Step(APP, V1, two, one, Action.MOVE)
    assert await plan(timeline, rollback) == [expected]
    assert await timeline.now() == {V1: two}
    before = await events(timeline)
    assert await timeline.rollback.apply(rollback, BOB) == expected
    assert await timeline.now() == {V1: one}
    move = (await timeline.moves())[-1]
    assert (move.before, move.after, move.actor, move.client) == (two, one, "bob", "curl/8")
    assert await events(timeline) == before + 1
    # Again: nothing.
    assert await timeline.rollback.apply(rollback, BOB) is None
    assert await plan(timeline, rollback) == []
    assert await events(timeline) == before + 1


async def test_one_job_for_one_rollback(timeline: Timeline) -> None:
    await timeline.push(V1, "one")
    rollback = await timeline.rollback.ask(ALL, timeline.house.clock.seconds - 1)
    assert await timeline.rollback.enqueue(rollback, BOB) is not None
    assert await timeline.rollback.enqueue(rollback, BOB) is None


async def test_what_cannot_be_asked_for(timeline: Timeline) -> None:
    now = timeline.house.clock.seconds
    for scope in (ALL, Scope("library"), of(V1)):
        with pytest.raises(Fault) as unknown:
            await timeline.rollback.ask(scope, now)
        assert unknown.value.code is Code.NAME_UNKNOWN
    await timeline.push(V1, "one")
    with pytest.raises(Fault) as future:
        await timeline.rollback.ask(ALL, timeline.house.clock.seconds + 1)
    assert future.value.code is Code.REQUEST_INVALID
    assert "still to come" in future.value.message
    with pytest.raises(Fault) as never:
        await timeline.rollback.ask(of(V3), now)
    assert never.value.code is Code.MANIFEST_UNKNOWN
    with pytest.raises(Fault) as many:
        await timeline.rollback.apply(await timeline.rollback.ask(ALL, now), BOB)
    assert many.value.code is Code.UNSUPPORTED


@given(steps, st.integers(0, 13))
def test_after_a_rollback_the_state_is_that_of_the_moment(
    done: list[tuple[str, Tag, str, int]], tens: int
) -> None:
    async def run() -> None:
        async with open_timeline() as timeline:
            begin = timeline.house.clock.seconds
            await timeline.push(V1, "a")
            await play(timeline, done)
            moment = min(begin + tens * 10 - 5, timeline.house.clock.seconds - 1)
            timeline.house.clock.seconds = max(timeline.house.clock.seconds, moment + 1)
            wanted, current = await timeline.state(moment), await timeline.now()
            page = await timeline.history.state(APP, moment, "", 100)
            lost = {then.tag for then in page.items if then.standing is Standing.GONE}
            rollback = await timeline.rollback.ask(ALL, moment)
            planned = await plan(timeline, rollback)
            assert await timeline.now() == current
            outcome = await carry_out(timeline, rollback)
            after = await timeline.now()
            for tag in (V1, V2, V3):
                kept = tag in lost
                assert after.get(tag) == (current if kept else wanted).get(tag)
            # What was planned is what was done, and nothing else.
            assert {s.tag for s in planned if not s.possible} == {
                tag for tag in lost if current.get(tag) != wanted[tag]
            }
            assert outcome.progress["refused"] == sum(not step.possible for step in planned)
            replayed = dict(current)
            for step in planned:
                assert step.before == current.get(step.tag)
                if step.possible:
                    replayed.pop(step.tag, None)
                    if step.after is not None:
                        replayed[step.tag] = step.after
            assert replayed == after
            moves = len(await timeline.moves())
            again = await timeline.rollback.ask(ALL, moment)
            assert [step for step in await plan(timeline, again) if step.possible] == []
            await carry_out(timeline, again)
            assert len(await timeline.moves()) == moves

    asyncio.run(run())
