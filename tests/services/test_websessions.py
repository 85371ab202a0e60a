"""Sessions of browsers: found, used, ended."""

from collections.abc import AsyncIterator

import pytest

from entrepot.rules.roles import Role
from entrepot.rules.websessions import (
    IDLE_SECONDS,
    LIFE_SECONDS,
    PER_USER_MAX,
    SEEN_SECONDS,
    join_id,
    split_id,
)
from entrepot.services.context import Caller
from tests.services.crowd import open_crowd
from tests.services.people import UserList
from tests.services.signing import BROWSER, Signing, open_signing, signing_of


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


async def is_alice(signing: Signing, session_id: str) -> bool:
    account = await signing.sessions.identify(session_id)
    assert account is None or account.name == "alice"
    return account is not None


async def test_a_session_says_who_it_is_in_every_process(signing: Signing) -> None:
    opened = await signing.signed_in()
    assert await is_alice(signing, opened.session_id)
    assert await is_alice(signing.restarted(), opened.session_id)
    assert not await is_alice(signing, opened.session_id[:-1] + "x")
    assert not await is_alice(signing, "")


async def test_another_s_name_with_the_same_secret_is_nobody(signing: Signing) -> None:
    await signing.people.add("bob")
    parts = split_id((await signing.signed_in()).session_id)
    assert parts is not None
    assert await signing.sessions.identify(join_id("bob", parts[1])) is None


async def test_an_id_cannot_be_made_of_what_is_kept(signing: Signing) -> None:
    opened = await signing.signed_in()
    (row,) = await signing.sessions.of("alice")
    assert row.id_hash not in opened.session_id
    assert not await is_alice(signing, row.id_hash)
    assert not await is_alice(signing, join_id("alice", row.id_hash))
    assert (row.address, row.client) == ("192.0.2.1", "Firefox")


async def test_a_session_ends_when_nobody_uses_it(signing: Signing) -> None:
    opened, clock = await signing.signed_in(), signing.people.clock
    for _ in range(3):
        clock.seconds += IDLE_SECONDS - 1
        assert await is_alice(signing, opened.session_id)
    clock.seconds += IDLE_SECONDS
    assert not await is_alice(signing, opened.session_id)
    assert await signing.sessions.of("alice") == []


async def test_a_session_ends_however_much_it_is_used(signing: Signing) -> None:
    opened, clock = await signing.signed_in(), signing.people.clock
    for _ in range(int(LIFE_SECONDS // 1000)):
        clock.seconds += 1000
        assert await is_alice(signing, opened.session_id)
    clock.seconds += 1000
    assert not await is_alice(signing, opened.session_id)


async def test_a_request_seldom_writes(signing: Signing) -> None:
    opened, catalog = await signing.signed_in(), signing.people.catalog
    before = catalog.version()
    signing.people.clock.seconds += SEEN_SECONDS - 1
    assert await is_alice(signing, opened.session_id)
    assert catalog.version() == before
    signing.people.clock.seconds += 1
    assert await is_alice(signing, opened.session_id)
    assert catalog.version() != before


async def test_a_session_ends_by_word(signing: Signing) -> None:
    one, two = await signing.signed_in(), await signing.signed_in()
    assert await signing.sessions.end(one.session_id, BROWSER)
    assert not await signing.sessions.end(one.session_id, BROWSER)
    assert not await is_alice(signing, one.session_id)
    assert await is_alice(signing, two.session_id)
    assert await signing.sessions.end_all("alice", Caller("root")) == 1
    assert not await is_alice(signing, two.session_id)
    async with signing.people.catalog.begin() as tx:
        lines = await tx.audit.after(0, 100)
    lines = [line for line in lines if line.operation.startswith("session")]
    assert [(line.operation, line.actor) for line in lines] == [
        *(("session.opened", "alice"), ("session.opened", "alice")),
        *(("session.ended", "alice"), ("session.ended", "root")),
    ]
    assert split_id(one.session_id)[1] not in str(lines)  # type: ignore[index]


async def test_a_changed_account_ends_its_sessions_at_once(signing: Signing) -> None:
    for change in ({"password": "another one"}, {"role": Role.GUEST}):
        account = await signing.people.accounts.find("alice")
        assert account is not None
        opened = await signing.sessions.open(account, BROWSER)
        assert await is_alice(signing, opened.session_id)
        await signing.people.accounts.change("alice", **change)
        assert not await is_alice(signing, opened.session_id)


async def test_a_removed_account_has_no_sessions_even_when_made_again(signing: Signing) -> None:
    opened = await signing.signed_in()
    await signing.people.accounts.remove("alice")
    assert not await is_alice(signing, opened.session_id)
    signing.people.clock.seconds += 1
    await signing.people.add("alice")
    assert not await is_alice(signing, opened.session_id)


async def test_a_user_of_a_file_who_has_another_password_is_signed_out() -> None:
    users = UserList()
    users.put("alice")
    async with open_crowd(file=users) as people:
        signing = signing_of(people)
        opened = await signing.signed_in()
        assert await is_alice(signing, opened.session_id)
        account = users.accounts["alice"]
        users.accounts["alice"] = type(account)("alice", account.role, "plain$1$new", 0.0, 0.6)
        assert not await is_alice(signing, opened.session_id)


async def test_i13_a_user_has_so_many_sessions_and_old_ones_are_cleared(signing: Signing) -> None:
    opened = []
    for _ in range(PER_USER_MAX + 3):
        signing.people.clock.seconds += 1
        opened.append((await signing.signed_in()).session_id)
    alive = [await is_alice(signing, each) for each in opened]
    assert alive == [False] * 3 + [True] * PER_USER_MAX
    signing.people.clock.seconds += LIFE_SECONDS + 1
    await signing.people.add("bob")
    await signing.signed_in("bob")
    async with signing.people.catalog.begin() as tx:
        assert await tx.sessions.of("alice") == []


async def test_a_long_address_is_cut(signing: Signing) -> None:
    account = await signing.people.accounts.find("alice")
    assert account is not None
    await signing.sessions.open(account, Caller(address="x" * 1000))
    assert len((await signing.sessions.of("alice"))[0].address) == 64
