"""Notices: bounded, best effort, and only where somebody wants them."""

from typing import Any

import msgspec
import pytest

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Busy, Catalog, Event
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.notifications import kinds
from entrepot.rules.quota import Limit
from entrepot.services.notices import EVERY_SECONDS, WAITING_MAX, Notices
from entrepot.services.pulls import PullRecorder
from entrepot.services.push import PushService
from entrepot.services.quotas import QuotaService
from tests.services.hooks import ROOT, Post
from tests.services.house import ALICE, APP, House


async def told(catalog: Catalog, kind: str) -> list[tuple[Event, dict[str, Any]]]:
    async with catalog.begin() as tx:
        events = await tx.outbox.after(0, 1000)
    return [(one, msgspec.json.decode(one.payload)) for one in events if one.kind == kind]


async def test_pulls_are_told_where_a_webhook_asks_for_them(post: Post) -> None:
    manifest = await post.house.add_image(Tag("v1"), [b"layer"])
    recorder = PullRecorder(post.catalog, post.clock, Notices(post.catalog, post.clock))
    async with post.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
    assert repository is not None
    recorder.note(repository.id, manifest.digest)
    await recorder.flush()
    assert await told(post.catalog, kinds.PULLED) == []
    await post.found("acme")
    await post.hook("mine", "acme", events=(kinds.PULLED,))
    recorder.note(repository.id, manifest.digest)
    await recorder.flush()
    assert await told(post.catalog, kinds.PULLED) == [], "of another project"
    await post.hook("all", events=(kinds.PULLED,))
    for _ in range(3):
        recorder.note(repository.id, manifest.digest)
    await recorder.flush()
    ((event, facts),) = await told(post.catalog, kinds.PULLED)
    assert event.repository == APP
    assert (facts["digest"], facts["count"]) == (manifest.digest, 3)
    await post.drain()
    assert post.receiver.parcels[-1].headers["X-Entrepot-Event"] == kinds.PULLED


async def test_a_full_quota_is_told_once_a_minute(house: House) -> None:
    notices = Notices(house.catalog, house.clock)
    quotas = QuotaService(house.catalog, house.clock, notices=notices)
    await quotas.set_limits(KIND_PROJECT, "library", Limit(10), ALICE)
    room = await quotas.room(APP, ALICE)
    for _ in range(5):
        assert room.refusal(11) is not None
    assert room.refusal(5) is None
    await notices.flush()
    ((event, facts),) = await told(house.catalog, kinds.QUOTA_EXCEEDED)
    assert event.repository == APP
    assert facts["actor"] == ALICE.actor
    assert "Quota exceeded" in facts["text"]
    house.clock.seconds += EVERY_SECONDS
    room.refusal(11)
    await notices.flush()
    assert len(await told(house.catalog, kinds.QUOTA_EXCEEDED)) == 2


async def test_a_push_that_is_refused_is_told_of_and_one_that_fills_a_quota_too(
    house: House,
) -> None:
    notices = Notices(house.catalog, house.clock)
    quotas = QuotaService(house.catalog, house.clock, notices=notices, warn_share=0.5)
    house.push = PushService(house.catalog, house.clock, blobs=house.blobs, quotas=quotas)
    await house.add_image(Tag("v1"), [b"x" * 100])
    ledger = await quotas.find(KIND_PROJECT, "library")
    await quotas.set_limits(KIND_PROJECT, "library", Limit(ledger.used_bytes * 3), ALICE)
    assert await told(house.catalog, kinds.QUOTA_WARNED) == []
    await house.add_image(Tag("v2"), [b"y" * 100])
    await house.add_image(Tag("v2b"), [b"y" * 100])
    ((event, facts),) = await told(house.catalog, kinds.QUOTA_WARNED)
    assert event.repository == APP
    assert (facts["kind"], facts["name"]) == (KIND_PROJECT, "library")
    with pytest.raises(Fault):
        await house.add_image(Tag("v3"), [b"z" * 900])
    await notices.flush()
    assert len(await told(house.catalog, kinds.QUOTA_EXCEEDED)) == 1


async def test_what_waits_is_bounded_and_kept_if_it_cannot_be_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = Notices(house.catalog, house.clock)
    quotas = QuotaService(house.catalog, house.clock, notices=notices)
    await quotas.set_limits(KIND_PROJECT, "library", Limit(1), ALICE)
    (fault,) = [(await quotas.room(APP, ALICE)).refusal(2)]
    assert fault is not None
    for number in range(WAITING_MAX + 5):
        notices.exceeded(RepositoryName(f"p{number}/app"), ROOT, fault)

    def failing(**_: bool) -> None:
        raise Busy("later")

    with monkeypatch.context() as patch:
        patch.setattr(house.catalog, "begin", failing)
        with pytest.raises(Busy):
            await notices.flush()
    await notices.flush()
    assert len(await told(house.catalog, kinds.QUOTA_EXCEEDED)) == WAITING_MAX
