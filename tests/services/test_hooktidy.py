"""What is not kept any more goes in bounded steps."""

from entrepot.ports.webhooks import State
from entrepot.services.hooktidy import STEP_ROWS, tidy
from tests.services.hooks import ROOT, Post


async def test_old_lines_of_the_log_go_and_open_ones_stay(post: Post) -> None:
    view = await post.hook()
    await post.tell(3)
    await post.drain()
    post.clock.seconds += 100
    await post.tell()
    await post.deliverer.turn()
    await post.deliverer.idle()
    post.receiver.away()
    await post.tell()
    await post.work()
    assert not await tidy(post.catalog, post.clock, keep_seconds=50)
    assert [row.sequence for row in await post.deliveries(view)] == [4, 5]
    post.clock.seconds += 1e6
    await tidy(post.catalog, post.clock, keep_seconds=50)
    assert [row.state for row in await post.deliveries(view)] == [State.OPEN]


async def test_a_removed_webhook_goes_with_all_that_was_sent_to_it(post: Post) -> None:
    view, kept = await post.hook(), await post.hook("kept")
    await post.tell(STEP_ROWS + 10)
    await post.deliverer.turn()
    await post.hooks.remove(view.row.id, ROOT)
    await tidy(post.catalog, post.clock, keep_seconds=1e9)
    async with post.catalog.begin() as tx:
        assert await tx.webhooks.find(view.row.id) is None
        assert await tx.deliveries.page(view.row.id, None, None, 10) == []
        assert await tx.webhooks.removed(10) == []
    assert len(await post.deliveries(kept)) == STEP_ROWS + 10
