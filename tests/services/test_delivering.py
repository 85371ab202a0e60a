"""Deliveries: at least once, in order for each repository, and given up at last."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Busy, Tx
from entrepot.ports.posting import Parcel, PostFailed, Receipt
from entrepot.ports.webhooks import State
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.notifications.retrying import Patience
from entrepot.rules.notifications.signing import DELIVERY, EVENT, SIGNATURE, verify
from entrepot.services.delivering import DeliveryLimits
from entrepot.services.webhooks import NewWebhook, WebhookChange
from tests.services.hooks import ROOT, URL, Post, open_post

OTHER = RepositoryName("library/other")


async def test_an_event_is_posted_signed_and_written_down(post: Post) -> None:
    view, secret = await post.hooks.create(NewWebhook("it", "", HookDocument(URL)), ROOT)
    await post.tell()
    await post.work()
    (parcel,) = post.receiver.parcels
    assert parcel.url == URL
    assert parcel.headers[EVENT] == kinds.TAG_MOVED
    assert parcel.headers["Content-Type"] == "application/cloudevents+json"
    assert verify(parcel.headers[SIGNATURE], [secret], parcel.body, post.clock.now())
    assert post.body()["data"]["images"] == ["registry.example.com/library/app:t0"]
    (row,) = await post.deliveries(view)
    assert (row.state, row.attempt, row.status, row.error) == (State.DELIVERED, 1, 204, "")
    assert str(row.id) == parcel.headers[DELIVERY]


async def test_one_repository_is_told_in_order_and_others_do_not_wait_for_it(post: Post) -> None:
    await post.hook()

    def answer(parcel: Parcel) -> Receipt:
        if b"library/app" in parcel.body:
            return Receipt(400, b"")
        return Receipt(204, b"")

    post.receiver.answer = answer
    await post.tell(3)
    await post.tell(2, OTHER)
    await post.work(3)
    assert post.receiver.sequences[:3] == [1, 4, 5]
    assert 2 not in post.receiver.sequences
    post.receiver.says(200)
    await post.drain()
    assert [one for one in post.receiver.sequences if one in (2, 3)] == [2, 3]


async def test_a_receiver_that_is_away_is_tried_ever_less_and_then_gets_all_at_once(
    post: Post,
) -> None:
    await post.hook()
    post.receiver.away()
    for number in range(6):
        await post.tell(2, RepositoryName(f"library/r{number}"))
    for _ in range(600):
        await post.work()
        post.clock.seconds += 1.0
    tried = len(post.receiver.parcels)
    assert tried < 40, "not each repository on its own, and ever less"
    assert post.receiver.most == 4, "at first several at once"
    post.receiver.says(204)
    post.clock.seconds += 3600
    await post.drain(20)
    told = post.receiver.sequences[tried:]
    assert sorted(told) == [*range(1, 13)]
    assert "webhook taken again" in post.said.said


async def test_what_is_asked_for_by_retry_after_is_waited(post: Post) -> None:
    await post.hook()
    post.receiver.says(503, "120")
    await post.tell()
    await post.work()
    post.receiver.says(204)
    post.clock.seconds += 119
    await post.work()
    assert len(post.receiver.parcels) == 1
    post.clock.seconds += 2
    await post.work()
    assert len(post.receiver.parcels) == 2


async def test_it_is_given_up_at_last_and_the_next_one_goes(post: Post) -> None:
    view = await post.hook()
    post.receiver.says(404)
    await post.tell(2)
    await post.drain()
    rows = await post.deliveries(view)
    assert [(row.state, row.attempt, row.status) for row in rows] == [
        (State.FAILED, Patience().refused_max, 404)
    ] * 2
    assert rows[0].error == "answered 404: words"


async def test_gone_is_believed_at_once(post: Post) -> None:
    view = await post.hook()
    post.receiver.says(410)
    await post.tell()
    await post.work()
    assert [row.state for row in await post.deliveries(view)] == [State.FAILED]


async def test_what_is_too_old_goes_without_asking_a_receiver_that_is_away(post: Post) -> None:
    view = await post.hook()
    post.receiver.away()
    await post.tell(50)
    await post.work()
    post.clock.seconds += Patience().age_max_seconds + 1
    for _ in range(200):
        await post.work()
        post.clock.seconds += 0.01
    assert len(post.receiver.parcels) < 5
    assert {row.state for row in await post.deliveries(view)} == {State.FAILED}


async def test_redirects_and_refusals_of_chats_are_no_success(post: Post) -> None:
    view = await post.hook(format="wecom")
    post.receiver.answer = lambda _: Receipt(200, b'{"errcode":93000,"errmsg":"invalid"}')
    await post.tell()
    await post.work()
    (row,) = await post.deliveries(view)
    assert (row.state, row.error) == (State.OPEN, "93000: invalid")
    post.receiver.says(302)
    post.clock.seconds += 5
    await post.work()
    (row,) = await post.deliveries(view)
    assert "redirects are not followed" in row.error


async def test_so_many_at_once_and_no_more(post: Post) -> None:
    for number in range(3):
        await post.hook(f"h{number}")
    post.again(DeliveryLimits(at_once=5, at_once_to_one=3))
    post.receiver.gate = asyncio.Event()
    for number in range(9):
        await post.tell(1, RepositoryName(f"library/r{number}"))
    for _ in range(5):
        await post.deliverer.turn()
        await asyncio.sleep(0)
    assert post.receiver.under_way == 5
    post.receiver.gate.set()
    await post.drain()
    assert post.receiver.most == 5
    assert len(post.receiver.parcels) == 27


async def test_one_that_is_switched_off_is_sent_nothing_until_it_is_on_again(post: Post) -> None:
    view = await post.hook()
    post.receiver.away()
    await post.tell()
    await post.work()
    await post.hooks.change(view.row.id, WebhookChange(enabled=False), ROOT)
    post.receiver.says(204)
    post.clock.seconds += 3600
    await post.tell()
    await post.work()
    assert len(post.receiver.parcels) == 1
    await post.hooks.change(view.row.id, WebhookChange(enabled=True), ROOT)
    await post.work(2)
    assert post.receiver.sequences == [1, 1], "what was told while it was off is not"


async def test_a_webhook_whose_secrets_do_not_open_fails_alone(post: Post) -> None:
    broken, fine = await post.hook("broken"), await post.hook("fine")
    async with post.catalog.begin(write=True) as tx:
        await tx.sealed_webhooks.reseal(str(broken.row.id), fine.row.sealed)
    await post.tell()
    await post.work()
    assert len(post.receiver.parcels) == 1
    (row,) = await post.deliveries(broken)
    assert row.state is State.FAILED
    assert "does not open" in row.error


async def test_a_catalog_that_fails_sends_it_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.hook()
    await post.tell()
    begin, failed = post.catalog.begin, list[int]()

    def failing(
        *, write: bool = False, durable: bool = True, aside: bool = False
    ) -> AbstractAsyncContextManager[Tx]:
        if write and post.receiver.parcels and not failed:
            failed.append(1)
            raise Busy("try again")
        return begin(write=write, durable=durable, aside=aside)

    monkeypatch.setattr(post.catalog, "begin", failing)
    await post.drain()
    assert post.receiver.sequences == [1, 1]
    assert "a delivery is sent again" in post.said.said


async def test_what_cannot_be_sent_stands_in_nobodys_way(post: Post) -> None:
    view = await post.hook()

    def answer(parcel: Parcel) -> Receipt:
        if parcel.headers["X-Entrepot-Sequence"] == "1":
            raise LookupError("nobody thought of that")
        return Receipt(204, b"")

    post.receiver.answer = answer
    await post.tell(2)
    await post.drain()
    first, second = await post.deliveries(view)
    assert (first.state, second.state) == (State.FAILED, State.DELIVERED)
    assert "nobody thought of that" in first.error


async def test_it_runs_until_it_is_stopped(post: Post) -> None:
    await post.hook()
    task = asyncio.ensure_future(post.deliverer.run())
    await post.tell(3)
    while len(post.receiver.parcels) < 3:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await post.deliverer.stop()
    assert post.receiver.closed


_ANSWERS = st.sampled_from(["taken", "away", "busy", "wrong", "lost", "crash"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=12),
    st.lists(_ANSWERS, max_size=60),
)
async def test_whatever_happens_each_is_delivered_in_order(
    repositories: list[int], answers: list[str]
) -> None:
    """Answers fail in every way, and processes die between an answer and its row."""
    taken: list[int] = []
    async with open_post() as post:
        view = await post.hook()
        script = iter(answers)

        def answer(parcel: Parcel) -> Receipt:
            sequence = int(parcel.headers["X-Entrepot-Sequence"])
            match next(script, "taken"):
                case "away":
                    raise PostFailed("nobody listens")
                case "busy":
                    return Receipt(503, b"", "1")
                case "wrong":
                    return Receipt(500, b"")
                case "lost":
                    taken.append(sequence)
                    raise PostFailed("the answer was lost")
                case "crash":
                    taken.append(sequence)
                    raise asyncio.CancelledError
            taken.append(sequence)
            return Receipt(200, b"")

        post.receiver.answer = answer
        for number in repositories:
            await post.tell(1, RepositoryName(f"library/r{number}"))
        for _ in range(200):
            if len(set(taken)) == len(repositories) and not await post.deliveries(view, State.OPEN):
                break
            before = post.deliverer
            await post.work()
            post.clock.seconds += 1000.0
            if len(taken) % 3 == 0 and before is post.deliverer:
                post.again()
        assert {row.state for row in await post.deliveries(view)} == {State.DELIVERED}
    assert set(taken) == {*range(1, len(repositories) + 1)}
    first = list(dict.fromkeys(taken))
    for number in range(3):
        own = [one for one in first if repositories[one - 1] == number]
        assert own == sorted(own)
