"""The log of deliveries, and sending again."""

import asyncio

import msgspec
import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.webhooks import State
from entrepot.rules.notifications import kinds
from entrepot.services.deliveries import TESTS_OPEN_MAX
from entrepot.services.webhooks import WebhookChange
from tests.services.hooks import ROOT, Post


async def test_the_log_is_read_backwards_in_pages(post: Post) -> None:
    view = await post.hook()
    await post.tell(5)
    await post.drain()
    newest = await post.log.page(view.row.id, None, None, 2)
    assert [one.sequence for one in newest] == [5, 4]
    older = await post.log.page(view.row.id, State.DELIVERED, newest[-1].id, 9)
    assert [one.sequence for one in older] == [3, 2, 1]
    assert await post.log.page(view.row.id, State.FAILED, None, 9) == []
    assert await post.log.page(view.row.id, State.OPEN, None, 9) == []


async def test_a_delivery_is_shown_with_what_is_sent(post: Post) -> None:
    await post.hook(format="harbor")
    await post.tell()
    await post.work()
    delivery, row = await post.log.find(1)
    assert post.log.payload(delivery, row) == post.receiver.parcels[0].body
    assert msgspec.json.decode(post.log.payload(delivery, row))["type"] == "PUSH_ARTIFACT"
    with pytest.raises(Fault) as caught:
        await post.log.find(99)
    assert caught.value.code is Code.NOT_FOUND


async def test_what_has_ended_is_sent_once_more_as_a_new_one(post: Post) -> None:
    view = await post.hook()
    await post.tell(2)
    with pytest.raises(Fault):
        await post.log.redeliver(1, ROOT)
    post.receiver.gate = asyncio.Event()
    await post.deliverer.turn()
    with pytest.raises(Fault) as caught:
        await post.log.redeliver(1, ROOT)
    assert caught.value.code is Code.CONFLICT
    post.receiver.gate.set()
    await post.drain()
    made = await post.log.redeliver(1, ROOT)
    assert (made.state, made.sequence, made.id) == (State.OPEN, -1, 3)
    await post.drain()
    assert post.receiver.sequences == [1, 2, 1]
    assert post.receiver.parcels[0].body == post.receiver.parcels[2].body
    again = await post.log.redeliver(made.id, ROOT)
    assert again.sequence == -2
    await post.drain()
    await post.hooks.change(view.row.id, WebhookChange(enabled=False), ROOT)
    with pytest.raises(Fault):
        await post.log.redeliver(1, ROOT)


@pytest.mark.parametrize(
    "name",
    ["cloudevents", "harbor", "harbor-cloudevents", "distribution", "slack", "feishu", "wecom"],
)
async def test_a_test_is_sent_whatever_is_asked_for(post: Post, name: str) -> None:
    events = () if name == "slack" else (kinds.TAG_MOVED,)
    view = await post.hook(format=name, events=events)
    made = await post.log.test(view.row.id, ROOT)
    await post.work(2)
    assert post.receiver.parcels[0].headers["X-Entrepot-Event"] == kinds.TEST
    assert (await post.log.find(made.id))[0].state is State.DELIVERED


async def test_so_many_tests_wait_and_no_more(post: Post) -> None:
    view = await post.hook()
    for _ in range(TESTS_OPEN_MAX):
        await post.log.test(view.row.id, ROOT)
    with pytest.raises(Fault) as caught:
        await post.log.test(view.row.id, ROOT)
    assert caught.value.code is Code.CONFLICT


async def test_a_replay_sends_again_in_order_and_what_comes_meanwhile_after_it(post: Post) -> None:
    view = await post.hook(events=(kinds.TAG_MOVED,))
    await post.tell(3)
    await post.drain()
    found = await post.log.replay(view.row.id, 1, ROOT)
    assert (found.after, found.upto, found.lacking) == (1, 3, False)
    await post.tell(2)
    await post.drain()
    assert post.receiver.sequences == [1, 2, 3, 2, 3, 4, 5]
    assert [row.sequence for row in await post.deliveries(view)] == [1, 2, 3, -1, -2, 4, 5]
    # A replay that is not done goes on, whatever the next one asks for.
    await post.log.replay(view.row.id, 0, ROOT)
    await post.log.replay(view.row.id, 4, ROOT)
    await post.tell()
    await post.drain()
    assert post.receiver.sequences[7:] == [*range(1, 7)]


async def test_a_replay_of_what_is_not_there(post: Post) -> None:
    view = await post.hook()
    with pytest.raises(Fault) as caught:
        await post.log.replay(view.row.id, 1, ROOT)
    assert caught.value.code is Code.REQUEST_INVALID
    await post.tell(4)
    await post.drain()
    async with post.catalog.begin(write=True) as tx:
        await tx.outbox.prune(2, 1e12, 10)
    assert (await post.log.replay(view.row.id, 0, ROOT)).lacking
    await post.drain()
    assert post.receiver.sequences == [1, 2, 3, 4, 3, 4]


async def test_a_replay_is_for_one_webhook_and_its_own_events(post: Post) -> None:
    await post.found("acme")
    mine, _ = await post.hook("mine", "acme"), await post.hook("all")
    await post.tell(1, RepositoryName("acme/web"))
    await post.tell(1)
    await post.drain()
    assert sorted(post.receiver.sequences) == [1, 1, 2]
    await post.log.replay(mine.row.id, 0, ROOT)
    await post.drain()
    assert sorted(post.receiver.sequences) == [1, 1, 1, 2]
