"""Tags that go back, one by one."""

import pytest

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.trash import KIND_TAG, TrashScope
from entrepot.rules.history import Action, Standing, Step
from entrepot.services.rolling import Place
from tests.services.house import APP
from tests.services.timeline import (
    BOB,
    V1,
    V2,
    Timeline,
    of,
    plan,
)


async def test_a_manifest_comes_out_of_the_trash_and_no_other_tag_with_it(
    timeline: Timeline,
) -> None:
    one = await timeline.push(V1, "one")
    moment = timeline.house.clock.seconds - 1
    await timeline.push(V2, "one")
    await timeline.delete(one)
    rollback = await timeline.rollback.ask(of(V1), moment)
    assert await plan(timeline, rollback) == [Step(APP, V1, None, one, Action.RESTORE)]
    assert await timeline.now() == {}
    await timeline.rollback.apply(rollback, BOB)
    assert await timeline.now() == {V1: one}
    assert (await timeline.history.at(APP, V1, moment)).standing is Standing.HERE


async def test_a_tag_that_was_not_there_goes_to_the_trash(timeline: Timeline) -> None:
    await timeline.push(V1, "one")
    moment = timeline.house.clock.seconds - 1
    two = await timeline.push(V2, "two")
    rollback = await timeline.rollback.ask(of(V2), moment)
    assert await plan(timeline, rollback) == [Step(APP, V2, two, None, Action.REMOVE)]
    await timeline.rollback.apply(rollback, BOB)
    async with timeline.house.catalog.begin() as tx:
        (entry,) = await tx.trash.page(TrashScope(), 0, 10)
    assert (entry.kind, entry.digest, entry.tags) == (KIND_TAG, two, (V2,))
    assert entry.reason.startswith("rollback to 20")
    # The manifest itself stays.
    assert (await timeline.house.pull.manifest(APP, two))[0].digest == two


async def test_what_was_purged_is_refused(timeline: Timeline) -> None:
    moment = timeline.house.clock.seconds
    one = await timeline.push(V1, "one")
    two = await timeline.push(V1, "two")
    await timeline.delete(one)
    await timeline.purge()
    rollback = await timeline.rollback.ask(of(V1), moment)
    (step,) = await plan(timeline, rollback)
    assert "was purged" in step.refusal
    assert await timeline.rollback.apply(rollback, BOB) == step
    assert await timeline.now() == {V1: two}


@pytest.mark.parametrize("after", ["", "v1", "a.b-c"])
def test_a_place_is_read_again(after: str) -> None:
    place = Place(RepositoryName("acme/team/api"), after)
    assert Place.parse(place.cursor) == place


@pytest.mark.parametrize("cursor", ["x", "Acme/api:v1", "acme/api:-v1"])
def test_what_is_no_place(cursor: str) -> None:
    with pytest.raises(Fault):
        Place.parse(cursor)


def test_no_place_is_the_start() -> None:
    assert Place.parse("") is None
