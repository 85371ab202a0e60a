"""Webhooks: made, changed and removed; their secrets are told to nobody."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.rules.notifications.document import HookDocument
from entrepot.services.hooksecrets import OVERLAP_MAX_SECONDS
from entrepot.services.webhooks import (
    OF_PROJECT_MAX,
    NewWebhook,
    WebhookChange,
    retire_of,
)
from tests.services.hooks import ROOT, URL, Post

DOCUMENT = HookDocument(URL)


async def test_one_is_made_with_a_secret_that_is_told_once(post: Post) -> None:
    view, secret = await post.hooks.create(
        NewWebhook("it", "", DOCUMENT, authorization="Bearer hunter2"), ROOT
    )
    assert len(secret) == 64
    assert (view.has_secret, view.has_authorization) == (True, True)
    async with post.catalog.begin() as tx:
        row = await tx.webhooks.find(view.row.id)
        audit = await tx.audit.page(AuditQuery(), None, 10)
    assert row == view.row
    for text in (str(row), str(audit)):
        assert secret not in text
        assert "hunter2" not in text
    assert [line.operation for line in audit.lines] == ["webhook.created"]
    assert await post.hooks.find(view.row.id) == view
    assert await post.hooks.page("", 0, 10) == [view]


async def test_chats_are_given_their_own_secret_or_none(post: Post) -> None:
    chat = HookDocument(URL, "dingtalk")
    view, secret = await post.hooks.create(NewWebhook("a", "", chat), ROOT)
    assert (secret, view.has_secret) == ("", False)
    given = NewWebhook("b", "", chat, secret="SECabcdefghijklmnop")
    view, secret = await post.hooks.create(given, ROOT)
    assert (secret, view.has_secret) == ("", True)
    with pytest.raises(Fault) as caught:
        await post.hooks.rotate(view.row.id, ROOT, overlap_seconds=0)
    assert caught.value.code is Code.UNSUPPORTED


@pytest.mark.parametrize(
    "new",
    [
        NewWebhook("", "", DOCUMENT),
        NewWebhook("a", "", HookDocument("ftp://x/")),
        NewWebhook("a", "", HookDocument("http://127.0.0.1/")),
        NewWebhook("a", "", HookDocument("http://[::ffff:169.254.169.254]/")),
        NewWebhook("a", "", DOCUMENT, secret="short"),
        NewWebhook("a", "", DOCUMENT, authorization="a\r\nb"),
    ],
)
async def test_what_cannot_be_used_is_refused(post: Post, new: NewWebhook) -> None:
    with pytest.raises(Fault) as caught:
        await post.hooks.create(new, ROOT)
    assert caught.value.code is Code.REQUEST_INVALID
    assert await post.hooks.page(None, 0, 10) == []


async def test_names_projects_and_bounds(post: Post) -> None:
    await post.hook("it")
    with pytest.raises(Fault) as caught:
        await post.hook("it")
    assert caught.value.code is Code.CONFLICT
    with pytest.raises(Fault) as caught:
        await post.hook("it", "nowhere")
    assert caught.value.code is Code.NOT_FOUND
    await post.found("acme")
    await post.hook("it", "acme")
    for number in range(OF_PROJECT_MAX - 1):
        await post.hook(f"h{number}", "acme")
    with pytest.raises(Fault) as caught:
        await post.hook("more", "acme")
    assert caught.value.code is Code.DENIED


async def test_it_is_changed_in_part(post: Post) -> None:
    view = await post.hook()
    other = await post.hook("other")
    changed = await post.hooks.change(
        view.row.id, WebhookChange(name="new", secret="", authorization="Basic x"), ROOT
    )
    assert (changed.row.name, changed.has_secret, changed.has_authorization) == ("new", False, True)
    assert changed.document == view.document
    with pytest.raises(Fault) as caught:
        await post.hooks.change(other.row.id, WebhookChange(name="new"), ROOT)
    assert caught.value.code is Code.CONFLICT
    await post.hooks.change(other.row.id, WebhookChange(name="other"), ROOT)


async def test_what_is_set_anew_to_what_it_is_loses_no_event(post: Post) -> None:
    view = await post.hook()
    await post.tell()
    await post.hooks.change(view.row.id, WebhookChange(enabled=True), ROOT)
    await post.work(2)
    assert post.receiver.sequences == [1]


async def test_both_secrets_sign_for_a_while(post: Post) -> None:
    view = await post.hook()
    await post.hooks.rotate(view.row.id, ROOT, overlap_seconds=60)
    await post.tell()
    await post.work()
    assert post.receiver.parcels[-1].headers["X-Entrepot-Signature"].count("v1=") == 2
    post.clock.seconds += 61
    await post.tell()
    await post.work()
    assert post.receiver.parcels[-1].headers["X-Entrepot-Signature"].count("v1=") == 1
    with pytest.raises(Fault):
        await post.hooks.rotate(view.row.id, ROOT, overlap_seconds=OVERLAP_MAX_SECONDS + 1)


async def test_a_removed_one_is_gone_and_its_name_free(post: Post) -> None:
    view = await post.hook()
    await post.tell()
    await post.hooks.remove(view.row.id, ROOT)
    for call in (
        post.hooks.find(view.row.id),
        post.hooks.remove(view.row.id, ROOT),
        post.log.page(view.row.id, None, None, 10),
    ):
        with pytest.raises(Fault) as caught:
            await call
        assert caught.value.code is Code.NOT_FOUND
    await post.work()
    assert post.receiver.parcels == []
    await post.hook()


async def test_those_of_a_project_go_with_it(post: Post) -> None:
    await post.found("acme")
    await post.hook("it", "acme")
    await post.hook("all")
    async with post.catalog.begin(write=True) as tx:
        await retire_of(tx, "acme")
    assert [view.row.name for view in await post.hooks.page(None, 0, 10)] == ["all"]


async def test_what_was_before_a_webhook_is_not_told_to_it(post: Post) -> None:
    await post.tell(3)
    await post.hook()
    await post.tell()
    await post.work()
    assert post.receiver.sequences == [4]
