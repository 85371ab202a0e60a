"""What is known of webhooks is what they are now."""

from entrepot.services.hookbook import HookBook
from entrepot.services.webhooks import WebhookChange
from tests.services.hooks import ROOT, Post


async def load(book: HookBook, post: Post) -> bool:
    async with post.catalog.begin() as tx:
        return await book.load(tx)


async def test_it_is_read_again_when_one_was_changed(post: Post) -> None:
    book = HookBook(post.sealer)
    view = await post.hook()
    await post.found("acme")
    mine = await post.hook("mine", "acme")
    assert await load(book, post)
    assert not await load(book, post)
    assert [hook.id for hook in book.concerned("acme/web")] == [view.row.id, mine.row.id]
    assert [hook.id for hook in book.concerned("library/app")] == [view.row.id]
    await post.hooks.change(view.row.id, WebhookChange(enabled=False), ROOT)
    assert await load(book, post)
    assert [hook.id for hook in book.hooks] == [mine.row.id]
    assert book.hook(view.row.id) is None
    book.forget()
    assert await load(book, post)


async def test_a_place_is_written_and_known(post: Post) -> None:
    book = HookBook(post.sealer)
    view = await post.hook()
    async with post.catalog.begin(write=True) as tx:
        await book.load(tx)
        (hook,) = book.hooks
        await book.place(tx, hook, 7, 3)
        row = await tx.webhooks.find(view.row.id)
    assert row is not None
    known = book.hook(view.row.id)
    assert known is not None
    assert (row.reached, row.behind) == (known.row.reached, known.row.behind) == (7, 3)
