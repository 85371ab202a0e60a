"""Webhooks that the settings name."""

import pytest

from entrepot.oci.errors import Fault
from entrepot.rules.notifications.document import HookDocument
from entrepot.services.fixedhooks import Endpoint, ensure
from entrepot.services.hookbook import HookBook
from entrepot.services.sending import Sender
from entrepot.services.webhooks import HookView, NewWebhook
from tests.services.hooks import ROOT, SITE, URL, Post

CI = Endpoint("ci", "http://10.0.0.5/hook", "Bearer x")


async def listed(post: Post) -> list[HookView]:
    return await post.hooks.page("", 0, 100)


def test_how_they_are_written() -> None:
    assert Endpoint.parse("ci http://10.0.0.5/hook Bearer x") == CI
    assert Endpoint.parse("ci http://a/") == Endpoint("ci", "http://a/")
    assert CI.place == ("settings.ci", "http://10.0.0.5/hook")


async def test_they_are_brought_in_line(post: Post) -> None:
    await post.hook("other")

    async def ensured(*endpoints: Endpoint) -> list[tuple[str, str, bool]]:
        await ensure(post.catalog, post.clock, post.sealer, endpoints)
        return [
            (view.row.name, view.document.url, view.has_authorization)
            for view in (await listed(post))[1:]
        ]

    assert await ensured(CI) == [("settings.ci", CI.url, True)]
    before = await listed(post)
    assert await ensured(CI) == [("settings.ci", CI.url, True)]
    assert await listed(post) == before, "nothing is changed that is so already"
    moved = Endpoint("ci", "http://10.0.0.6/")
    assert await ensured(moved) == [("settings.ci", moved.url, False)]
    assert (await listed(post))[1].row.id == before[1].row.id
    assert await ensured() == []
    assert [view.row.name for view in await listed(post)] == ["other"]


async def test_nobody_else_has_such_a_name(post: Post) -> None:
    with pytest.raises(Fault):
        await post.hooks.create(NewWebhook("settings.ci", "", HookDocument(URL)), ROOT)


async def test_only_what_the_settings_name_may_be_anywhere(post: Post) -> None:
    await ensure(post.catalog, post.clock, post.sealer, (CI,))
    await post.hook("other")
    await post.tell(1, digest="sha256:x")
    await post.drain()
    book = HookBook(post.sealer)
    async with post.catalog.begin() as tx:
        await book.load(tx)
    sender = Sender(post.receiver, SITE, [CI.place])
    for hook in book.hooks:
        (view,) = [one for one in await listed(post) if one.row.id == hook.id]
        (delivery,) = await post.deliveries(view)
        await sender.send(hook, delivery, 1.0)
        parcel = post.receiver.parcels[-1]
        assert parcel.trusted == (hook.row.name == "settings.ci")
    assert not any(parcel.trusted for parcel in post.receiver.parcels[:2]), "unless it was told so"
