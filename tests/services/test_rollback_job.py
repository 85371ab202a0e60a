"""The job: bounded steps, cut off and repeated."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Tx
from entrepot.ports.jobs import JobState
from entrepot.services.push import Pushed
from entrepot.services.rolling import STEP_TAGS_MAX, Scope
from tests.services.house import ALICE, APP, image, index
from tests.services.timeline import (
    ALL,
    BOB,
    OTHER,
    V1,
    V2,
    Timeline,
    carry_out,
    claimed,
    of,
    open_timeline,
    plan,
)


async def test_i8_an_immutable_tag_stays(timeline: Timeline) -> None:
    async def guard(
        _tx: Tx, _name: RepositoryName, tag: Tag | None, current: Digest | None, _new: object
    ) -> Fault | None:
        fixed = tag == V1 and current is not None
        return Fault(Code.PRECONDITION, "it is immutable") if fixed else None

    async with open_timeline(guard=guard) as guarded:
        moment = guarded.house.clock.seconds
        await guarded.push(V1, "one")
        two = await guarded.push(V1, "two")
        await guarded.push(V2, "two")
        rollback = await guarded.rollback.ask(ALL, moment)
        planned = await plan(guarded, rollback)
        assert [(step.tag, step.refusal) for step in planned] == [(V1, "it is immutable"), (V2, "")]
        run = await carry_out(guarded, rollback)
        assert run.progress["refusals"] == ["app:v1: it is immutable"]
        assert (run.progress["refused"], run.progress["removed"]) == (1, 1)
        assert await guarded.now() == {V1: two}


async def test_what_others_move_meanwhile_is_theirs(timeline: Timeline) -> None:
    moment = timeline.house.clock.seconds
    await timeline.push(V1, "one")
    await timeline.push(V1, "two")
    rollback = await timeline.rollback.ask(ALL, moment)
    three = await timeline.push(V1, "three")
    late = await timeline.push(V2, "three")
    run = await carry_out(timeline, rollback)
    assert await timeline.now() == {V1: three, V2: late}
    assert run.progress["refused"] == 2


async def test_an_index_comes_back_with_its_children(timeline: Timeline) -> None:
    house = timeline.house
    layers = [f"{number}".encode() for number in range(20)]
    for number, layer in enumerate(layers):
        await house.add_image(Tag(f"c{number}"), [layer])
    children = [image([layer]) for layer in layers]
    parent = index(children)
    await house.push.publish(APP, Pushed(parent, OCI_INDEX, V1), ALICE)
    state = await timeline.now()
    moment = house.clock.seconds
    house.clock.seconds += 10
    await timeline.delete(Digest.of(parent))
    for child in children:
        await timeline.delete(Digest.of(child))
    rollback = await timeline.rollback.ask(ALL, moment)
    one_tag = await timeline.rollback.ask(of(V1), moment)
    await timeline.rollback.apply(one_tag, BOB)
    assert await timeline.now() == {V1: Digest.of(parent)}
    # Twenty manifests in steps of at most sixteen; the tags by the job.
    run = await carry_out(timeline, rollback)
    assert await timeline.now() == state
    assert run.progress["refused"] == 0


async def test_what_cannot_be_restored_stops_nothing_else(timeline: Timeline) -> None:
    refusal = Fault(Code.DENIED, "the quota is full")
    async with open_timeline(admit=lambda _ledgers: refusal) as full:
        moment = full.house.clock.seconds + 15
        one = await full.push(V1, "one")
        two = await full.push(V2, "two")
        await full.delete(one)
        three = await full.push(V2, "three")
        rollback = await full.rollback.ask(ALL, moment)
        planned = await plan(full, rollback)
        assert [(s.tag, s.before, s.after, s.refusal) for s in planned] == [
            (V1, None, one, "the quota is full"),
            (V2, three, two, ""),
        ]
        run = await carry_out(full, rollback)
        assert await full.now() == {V2: two}
        assert (run.progress["moved"], run.progress["refused"]) == (1, 1)
        alone = await full.rollback.apply(await full.rollback.ask(of(V1), moment), BOB)
        assert alone == planned[0]


async def test_a_project_goes_back(timeline: Timeline) -> None:
    moment = timeline.house.clock.seconds + 15
    one = await timeline.push(V1, "one")
    other = await timeline.push(V1, "one", OTHER)
    await timeline.push(V1, "two")
    await timeline.delete(other, OTHER)
    await timeline.push(V2, "two", OTHER)
    elsewhere = RepositoryName("acme/api")
    there = await timeline.push(V1, "two", elsewhere)
    rollback = await timeline.rollback.ask(Scope("library"), moment)
    planned = await plan(timeline, rollback, limit=1)
    assert [(step.repository, step.tag) for step in planned] == [
        (APP, V1),
        (OTHER, V1),
        (OTHER, V2),
    ]
    run = await carry_out(timeline, rollback)
    assert await timeline.now() == {V1: one}
    assert await timeline.now(OTHER) == {V1: other}
    assert await timeline.now(elsewhere) == {V1: there}
    counts = {key: run.progress[key] for key in ("moved", "restored", "removed", "refused")}
    assert counts == {"moved": 1, "restored": 1, "removed": 1, "refused": 0}


async def test_many_tags_in_bounded_steps_and_again_after_a_kill(timeline: Timeline) -> None:
    await timeline.push(V1, "one")
    moment = timeline.house.clock.seconds - 1
    for number in range(150):
        await timeline.push(Tag(f"t{number:03}"), "two")
    rollback = await timeline.rollback.ask(ALL, moment)
    assert len(await plan(timeline, rollback)) == 150
    await timeline.rollback.enqueue(rollback, BOB)
    killed = await claimed(timeline)
    killed.kill_after = 1
    with pytest.raises(KeyboardInterrupt):
        await timeline.job.run(killed)
    assert len(await timeline.now()) == 151 - STEP_TAGS_MAX
    moves = len(await timeline.moves())
    timeline.house.clock.seconds += 100
    async with timeline.house.catalog.begin(write=True) as tx:
        assert await tx.jobs.reap(timeline.house.clock.now(), 10)
    resumed = await claimed(timeline)
    await timeline.job.run(resumed)
    async with timeline.house.catalog.begin(write=True) as tx:
        await tx.jobs.end(resumed.job, JobState.DONE, timeline.house.clock.now(), "")
    assert list(await timeline.now()) == [V1]
    assert resumed.progress["removed"] == 150
    assert len(await timeline.moves()) == moves + 150 - STEP_TAGS_MAX
    assert resumed.pauses == 150 // STEP_TAGS_MAX
    again = await carry_out(timeline, rollback)
    assert again.progress["removed"] == 0
    assert again.saves == 1
