"""From the outbox to deliveries: once for each, in order, bounded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.ports.projects import Project
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.notice import from_text
from entrepot.services.deliveries import CURSOR
from entrepot.services.fanout import IDLE_EVENTS, PAGE, FanOut
from entrepot.services.hookbook import HookBook
from entrepot.services.webhooks import HookView
from tests.services.hooks import ROOT, Post, open_post


def made(post: Post, open_max: int = 10_000) -> FanOut:
    return FanOut(post.catalog, post.clock, HookBook(post.sealer), open_max=open_max)


async def cursor(post: Post) -> int:
    async with post.catalog.begin() as tx:
        return await tx.cursors.find(CURSOR)


async def test_each_webhook_is_told_what_it_asks_for_of_its_project(post: Post) -> None:
    async with post.catalog.begin(write=True) as tx:
        assert await tx.projects.add(Project("acme", True, (), 0.0, ""))
    every, mine = await post.hook("all"), await post.hook("mine", "acme")
    narrow = await post.hook("narrow", tags=("x*",))
    await post.tell(1, RepositoryName("acme/web"))
    await post.tell(1, kind=kinds.DELETED)
    step = await made(post).step()
    assert step.told == {every.row.id, mine.row.id}
    assert [one.sequence for one in await post.deliveries(every)] == [1, 2]
    (row,) = await post.deliveries(mine)
    assert from_text(row.body).public
    assert await post.deliveries(narrow) == []
    assert (await made(post).step()).told == set()


async def test_steps_are_bounded_and_say_that_there_is_more(post: Post) -> None:
    for number in range(3):
        await post.hook(f"h{number}")
    await post.tell(PAGE + 10)
    fan = made(post)
    steps = [await fan.step()]
    while steps[-1].more:
        steps.append(await fan.step())
    assert len(steps) > 3
    assert await cursor(post) == PAGE + 10
    async with post.catalog.begin() as tx:
        for number in (1, 2, 3):
            assert await tx.deliveries.count_open(number, 10_000) == PAGE + 10


async def test_where_nobody_listens_the_cursor_moves_now_and_then(post: Post) -> None:
    fan = made(post)
    await post.tell(IDLE_EVENTS - 1)
    await fan.step()
    assert await cursor(post) == 0
    await post.tell(1)
    await fan.step()
    assert await cursor(post) == IDLE_EVENTS


async def test_a_webhook_that_comes_as_nobody_seemed_to_listen_misses_nothing(post: Post) -> None:
    await post.tell(IDLE_EVENTS)
    fan = made(post)
    skip = fan._skip

    async def late(place: int, last: int) -> None:
        # The reads of a step see two moments on PostgreSQL: no webhook, and then an event for it.
        view = await post.hook("new")
        await post.tell(1)
        views.append(view)
        await skip(place, last + 1)

    views: list[HookView] = []
    fan._skip = late  # type: ignore[method-assign]
    await fan.step()
    fan._skip = skip  # type: ignore[method-assign]
    while (await fan.step()).more:
        pass
    assert [one.sequence for one in await post.deliveries(views[0])] == [IDLE_EVENTS + 1]


async def test_a_full_queue_waits_in_the_outbox_and_no_event_is_lost(post: Post) -> None:
    view, other = await post.hook("full"), await post.hook("other")
    fan = made(post, open_max=5)
    for _ in range(4):
        await post.tell(3)
        await fan.step()
    async with post.catalog.begin() as tx:
        assert await tx.deliveries.count_open(view.row.id, 100) <= 8
        found = await tx.webhooks.find(view.row.id)
    assert found is not None
    assert found.behind is not None
    await post.drain()
    for one in (view, other):
        assert [row.sequence for row in await post.deliveries(one)] == [*range(1, 13)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["tell", "step", "replay", "again", "work"]), min_size=1, max_size=25),
    st.integers(1, 4),
)
async def test_whatever_comes_in_between_each_is_there_once_and_in_order(
    what: list[str], open_max: int
) -> None:
    async with open_post() as post:
        view = await post.hook()
        fan = made(post, open_max=open_max)
        told = 0
        for one in what:
            match one:
                case "tell":
                    await post.tell(2)
                    told += 2
                case "step":
                    await fan.step()
                case "replay":
                    await post.log.replay(view.row.id, told // 2, ROOT)
                case "again":
                    fan = made(post, open_max=open_max)
                case "work":
                    # Only one process gives out at a time; the next one reads all anew.
                    post.again()
                    await post.work()
                    fan = made(post, open_max=open_max)
        post.again()
        await post.drain()
        rows = await post.deliveries(view)
        first = [one.sequence for one in rows if one.sequence > 0]
        assert first == [*range(1, told + 1)], "each for the first time, once and in order"
        again = [from_text(one.body).sequence for one in rows if one.sequence < 0]
        assert len(again) <= told * what.count("replay")
