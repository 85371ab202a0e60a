"""The feed: what is asked for and may be seen, by sequence."""

from entrepot.oci.name import RepositoryName
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.notice import Notice
from entrepot.services import feed
from entrepot.services.feed import ALL, Asked, FeedService
from tests.services.hooks import Post
from tests.services.house import APP

OTHER = RepositoryName("acme/web")


async def everything(_: Notice) -> bool:
    return True


async def odd(notice: Notice) -> bool:
    return notice.sequence % 2 == 1


async def test_pages_go_on_where_the_last_one_ended(post: Post) -> None:
    made = FeedService(post.catalog)
    assert (await made.after(0, 10, ALL, everything)).upto == 0
    await post.tell(5)
    first = await made.after(0, 2, ALL, everything)
    assert ([one.sequence for one in first.events], first.upto, first.more) == ([1, 2], 2, True)
    rest = await made.after(first.upto, 10, ALL, everything)
    assert ([one.sequence for one in rest.events], rest.more) == ([3, 4, 5], False)
    assert await made.last() == 5


async def test_what_may_not_be_seen_is_passed_over(post: Post) -> None:
    await post.tell(5)
    found = await FeedService(post.catalog).after(0, 10, ALL, odd)
    assert ([one.sequence for one in found.events], found.upto) == ([1, 3, 5], 5)


async def test_what_is_asked_for(post: Post) -> None:
    await post.tell(1)
    await post.tell(1, OTHER, kinds.DELETED)
    made = FeedService(post.catalog)
    for asked, wanted in (
        (Asked(project="acme"), [2]),
        (Asked(repository=APP), [1]),
        (Asked(kinds=frozenset({kinds.DELETED})), [2]),
        (Asked(project="library", kinds=frozenset({kinds.DELETED})), []),
    ):
        found = await made.after(0, 10, asked, everything)
        assert [one.sequence for one in found.events] == wanted
        assert found.upto == 2


async def test_a_look_is_bounded(post: Post) -> None:
    await post.tell(feed.SCANNED_MAX + 5)
    nothing = Asked(project="nowhere")
    made = FeedService(post.catalog)
    found = await made.after(0, 10, nothing, everything)
    assert (found.upto, found.more) == (feed.SCANNED_MAX, True)
    found = await made.after(found.upto, 10, nothing, everything)
    assert (found.upto, found.more) == (feed.SCANNED_MAX + 5, False)


async def test_what_is_not_kept_any_more_is_said(post: Post) -> None:
    await post.tell(4)
    async with post.catalog.begin(write=True) as tx:
        await tx.outbox.prune(2, 1e12, 10)
    made = FeedService(post.catalog)
    assert (await made.after(1, 10, ALL, everything)).lacking
    assert not (await made.after(2, 10, ALL, everything)).lacking
    async with post.catalog.begin(write=True) as tx:
        await tx.outbox.prune(4, 1e12, 10)
    found = await made.after(2, 10, ALL, everything)
    assert (found.lacking, found.upto) == (True, 4)
    version = made.version()
    await post.tell()
    assert made.version() != version
