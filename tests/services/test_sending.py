"""What is sent of a delivery."""

import pytest

from entrepot.ports.posting import Receipt
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.notifications.signing import SIGNATURE
from entrepot.services.hookbook import Hook
from entrepot.services.hooksecrets import HookSecrets
from entrepot.services.sending import Sender, Sent, parcel_of, wrong_with
from tests.services.hooks import SITE, URL, Post


async def a_hook(post: Post, secrets: HookSecrets, **document: object) -> Hook:
    view = await post.hook()
    return Hook(view.row, HookDocument(URL, **document), secrets)  # type: ignore[arg-type]


async def test_ids_stay_and_the_signature_is_new(post: Post) -> None:
    hook = await a_hook(post, HookSecrets("s" * 20, authorization="Bearer x"))
    await post.tell()
    await post.work()
    (delivery,) = await post.deliveries(await post.hooks.find(hook.id))
    first, second = (parcel_of(hook, delivery, SITE, at) for at in (1.0, 2.0))
    assert first.body == second.body
    assert first.headers[SIGNATURE] != second.headers[SIGNATURE]
    assert {**first.headers, SIGNATURE: ""} == {**second.headers, SIGNATURE: ""}
    assert first.headers["Authorization"] == "Bearer x"


async def test_a_chat_gets_no_signature_of_ours(post: Post) -> None:
    hook = await a_hook(post, HookSecrets("s" * 20), format="dingtalk", verify_tls=False)
    await post.tell()
    await post.work()
    (delivery,) = await post.deliveries(await post.hooks.find(hook.id))
    parcel = parcel_of(hook, delivery, SITE, 1.0)
    assert SIGNATURE not in parcel.headers
    assert "sign=" in parcel.url
    assert not parcel.verify_tls


async def test_sending(post: Post) -> None:
    hook = await a_hook(post, HookSecrets())
    await post.tell()
    await post.work()
    (delivery,) = await post.deliveries(await post.hooks.find(hook.id))
    sender = Sender(post.receiver, SITE)
    assert await sender.send(hook, delivery, 1.0) == Sent("", 204)
    post.receiver.says(429, "7")
    assert await sender.send(hook, delivery, 1.0) == Sent("answered 429: words", 429, "7")
    post.receiver.away()
    assert await sender.send(hook, delivery, 1.0) == Sent("nobody listens")
    await sender.close()
    assert post.receiver.closed


@pytest.mark.parametrize(
    "status, words",
    [(199, "answered 199"), (301, "redirects are not followed"), (500, "answered 500: a b")],
)
async def test_what_is_no_success(post: Post, status: int, words: str) -> None:
    hook = await a_hook(post, HookSecrets())
    found = wrong_with(hook, Receipt(status, b"a\x00b" + b"x" * 9999))
    assert words in found
    assert found.isprintable()
    assert len(found) < 300
    assert wrong_with(hook, Receipt(299, b"")) == ""
