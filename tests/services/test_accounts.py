"""Users: made, changed, removed, and asked for their password."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.passwords import FREE_FAILURES
from entrepot.rules.roles import Role
from entrepot.services.verifying import VERIFIED_SECONDS, WAITING_MAX
from tests.services.people import PASSWORD, People, UserList, open_people


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        yield made


async def refused(code: Code, doing: object) -> Fault:
    with pytest.raises(Fault) as caught:
        await doing  # type: ignore[misc]
    assert caught.value.code is code
    return caught.value


async def test_the_first_administrator_gets_a_password_once(people: People) -> None:
    password = await people.accounts.ensure_admin("")
    assert password is not None
    assert await people.accounts.ensure_admin("") is None
    assert await people.accounts.ensure_admin("another one") is None
    admin = await people.accounts.verify("admin", password)
    assert admin is not None
    assert admin.role is Role.ADMIN


async def test_of_replicas_that_start_at_once_one_makes_the_first(people: People) -> None:
    made = await asyncio.gather(*(people.accounts.ensure_admin("") for _ in range(3)))
    assert len([password for password in made if password is not None]) == 1


async def test_the_first_administrator_can_bring_a_password(people: People) -> None:
    assert await people.accounts.ensure_admin(PASSWORD) is None
    assert await people.accounts.verify("admin", PASSWORD)


async def test_an_unusable_first_password_makes_no_account(people: People) -> None:
    await refused(Code.REQUEST_INVALID, people.accounts.ensure_admin("short"))
    assert await people.accounts.page("", 10) == []


async def test_names_are_taken_once_and_bad_ones_never(people: People) -> None:
    await people.add("alice")
    await refused(Code.CONFLICT, people.add("alice"))
    await refused(Code.REQUEST_INVALID, people.add("a:b"))
    await refused(Code.REQUEST_INVALID, people.accounts.add("bob", "short", Role.GUEST))
    assert [account.name for account in await people.accounts.page("", 10)] == ["alice"]


async def test_users_come_in_pages(people: People) -> None:
    for name in ("carol", "alice", "bob"):
        await people.add(name)
    assert [a.name for a in await people.accounts.page("", 2)] == ["alice", "bob"]
    assert [a.name for a in await people.accounts.page("bob", 2)] == ["carol"]


async def test_only_the_right_password_is_right(people: People) -> None:
    await people.add()
    assert await people.accounts.verify("alice", "wrong") is None
    assert await people.accounts.verify("alice", "") is None
    assert await people.accounts.verify("bob", PASSWORD) is None
    account = await people.accounts.verify("alice", PASSWORD)
    assert account is not None
    assert account.name == "alice"


async def test_an_unknown_name_costs_as_much_as_a_known_one(people: People) -> None:
    await people.add()
    for name in ("alice", "nobody", "not a name"):
        await people.accounts.verify(name, "wrong")
    assert people.passwords.verified == ["wrong"] * 3
    # One hash to compare unknown names with, made by the first login of all.
    assert people.passwords.hashed == 2


async def test_a_right_password_is_hashed_once_a_minute(people: People) -> None:
    await people.add()
    for _ in range(3):
        assert await people.accounts.verify("alice", PASSWORD)
    assert len(people.passwords.verified) == 1
    people.clock.seconds += VERIFIED_SECONDS
    assert await people.accounts.verify("alice", PASSWORD)
    assert len(people.passwords.verified) == 2


async def test_a_changed_password_is_forgotten_at_once(people: People) -> None:
    await people.add()
    assert await people.accounts.verify("alice", PASSWORD)
    await people.accounts.change("alice", password="another one")
    assert await people.accounts.verify("alice", PASSWORD) is None
    assert await people.accounts.verify("alice", "another one")


async def test_a_removed_user_is_forgotten_at_once(people: People) -> None:
    await people.add()
    assert await people.accounts.verify("alice", PASSWORD)
    await people.accounts.remove("alice")
    assert await people.accounts.verify("alice", PASSWORD) is None
    # Made again with the same password, it is another account.
    await people.add()
    assert await people.accounts.verify("alice", PASSWORD)


async def test_another_process_sees_a_change_at_once(people: People) -> None:
    await people.add()
    other = people.restarted()
    assert await other.accounts.verify("alice", PASSWORD)
    await people.accounts.remove("alice")
    assert await other.accounts.verify("alice", PASSWORD) is None


async def test_wrong_passwords_slow_down_even_the_right_one(people: People) -> None:
    await people.add()
    await people.add("bob")
    for number in range(FREE_FAILURES):
        assert await people.accounts.verify("alice", f"guess {number}") is None
    await refused(Code.TOOMANYREQUESTS, people.accounts.verify("alice", PASSWORD))
    assert await people.accounts.verify("bob", PASSWORD)
    people.clock.seconds += 2
    assert await people.accounts.verify("alice", PASSWORD)


async def test_who_is_logged_in_is_not_slowed_down_by_guesses(people: People) -> None:
    await people.add()
    assert await people.accounts.verify("alice", PASSWORD)
    for number in range(FREE_FAILURES):
        await people.accounts.verify("alice", f"guess {number}")
    assert await people.accounts.verify("alice", PASSWORD)


async def test_who_was_logged_in_is_not_locked_out_by_guesses(people: People) -> None:
    """Or anyone could keep the administrator out, by a wrong password now and then."""
    await people.add()
    assert await people.accounts.verify("alice", PASSWORD)
    people.clock.seconds += VERIFIED_SECONDS
    for number in range(FREE_FAILURES):
        await people.accounts.verify("alice", f"guess {number}")
    await refused(Code.TOOMANYREQUESTS, people.accounts.verify("alice", "guess"))
    assert await people.accounts.verify("alice", PASSWORD)
    assert people.passwords.verified.count(PASSWORD) == 2


async def test_a_right_password_makes_mistakes_forgotten(people: People) -> None:
    await people.add()
    for turn in range(3):
        for number in range(FREE_FAILURES - 1):
            assert await people.accounts.verify("alice", f"guess {turn} {number}") is None
        people.clock.seconds += VERIFIED_SECONDS
        assert await people.accounts.verify("alice", PASSWORD)


async def test_i13_what_cannot_be_a_name_shares_one_count(people: People) -> None:
    for number in range(FREE_FAILURES):
        assert await people.accounts.verify(f"{'x' * 10_000}{number}", "guess") is None
    await refused(Code.TOOMANYREQUESTS, people.accounts.verify("y" * 10_000, "guess"))


async def test_a_robot_with_an_old_password_is_not_guessing(people: People) -> None:
    await people.add()
    for _ in range(10 * FREE_FAILURES):
        assert await people.accounts.verify("alice", "old password") is None
    assert people.passwords.verified == ["old password"]
    assert await people.accounts.verify("alice", PASSWORD)


async def test_a_wrong_password_becomes_right_when_it_is_set(people: People) -> None:
    await people.add()
    assert await people.accounts.verify("alice", "another one") is None
    await people.accounts.change("alice", password="another one")
    assert await people.accounts.verify("alice", "another one")


async def test_guesses_at_the_same_time_are_counted_too(people: People) -> None:
    await people.add()
    guesses = [people.accounts.verify("alice", f"guess {number}") for number in range(50)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert len(people.passwords.verified) == FREE_FAILURES
    assert sum(isinstance(answer, Fault) for answer in answers) == 50 - FREE_FAILURES


async def test_logins_at_the_same_time_cost_one_hash(people: People) -> None:
    await people.add()
    logins = [people.accounts.verify("alice", PASSWORD) for _ in range(50)]
    answers = await asyncio.gather(*logins)
    assert all(answers)
    assert len(people.passwords.verified) == 1


async def test_i13_too_many_waiting_logins_are_sent_away(people: People) -> None:
    people.passwords.gate = asyncio.Event()
    names = [f"user{number}" for number in range(WAITING_MAX)]
    waiting = [asyncio.ensure_future(people.accounts.verify(name, "wrong")) for name in names]
    while len(people.passwords.verified) < WAITING_MAX:
        await asyncio.sleep(0)
    await refused(Code.TOOMANYREQUESTS, people.accounts.verify("late", "wrong"))
    people.passwords.gate.set()
    assert await asyncio.gather(*waiting) == [None] * WAITING_MAX
    assert await people.accounts.verify("late", "wrong") is None


async def test_a_cancelled_login_leaves_no_trace(people: People) -> None:
    await people.add()
    people.passwords.gate = asyncio.Event()
    login = asyncio.ensure_future(people.accounts.verify("alice", PASSWORD))
    while not people.passwords.verified:
        await asyncio.sleep(0)
    login.cancel()
    await asyncio.gather(login, return_exceptions=True)
    people.passwords.gate.set()
    assert await people.accounts.verify("alice", PASSWORD)


async def test_password_and_role_change_together_or_not_at_all(people: People) -> None:
    await people.add("root", Role.ADMIN)
    await people.add("alice")
    changed = await people.accounts.change("alice", password="another one", role=Role.GUEST)
    assert changed == await people.accounts.find("alice")
    assert changed.role is Role.GUEST
    await refused(
        Code.REQUEST_INVALID, people.accounts.change("alice", password="x", role=Role.ADMIN)
    )
    assert await people.accounts.find("alice") == changed
    await refused(
        Code.DENIED, people.accounts.change("root", password="another one", role=Role.GUEST)
    )
    assert await people.accounts.verify("root", PASSWORD)


async def test_every_change_gets_a_time_of_its_own(people: People) -> None:
    before = await people.add()
    times = [before.changed_at]
    for number in range(3):
        changed = await people.accounts.change("alice", password=f"another one {number}")
        times.append(changed.changed_at)
    people.clock.seconds -= 3600
    times.append((await people.accounts.change("alice", role=Role.GUEST)).changed_at)
    assert times == sorted(set(times))


async def test_nothing_changes_for_an_unknown_user(people: People) -> None:
    await refused(Code.NOT_FOUND, people.accounts.change("nobody", password=PASSWORD))
    await refused(Code.NOT_FOUND, people.accounts.change("nobody", role=Role.ADMIN))
    await refused(Code.NOT_FOUND, people.accounts.remove("nobody"))


async def test_the_last_administrator_stays(people: People) -> None:
    await people.add("root", Role.ADMIN)
    for number in range(150):
        await people.add(f"user{number:03}")
    assert (
        "last administrator" in (await refused(Code.DENIED, people.accounts.remove("root"))).message
    )
    await refused(Code.DENIED, people.accounts.change("root", role=Role.MAINTAINER))
    await people.accounts.change("root", role=Role.ADMIN)
    await people.accounts.change("user149", role=Role.ADMIN)
    await people.accounts.remove("root")
    await refused(Code.DENIED, people.accounts.remove("user149"))


@pytest.fixture
async def of_a_file() -> AsyncIterator[People]:
    users = UserList()
    users.put("alice")
    async with open_people(file=users) as made:
        yield made


async def test_users_of_a_file_are_all_there_are(of_a_file: People) -> None:
    accounts = of_a_file.accounts
    assert await accounts.ensure_admin("") is None
    assert await accounts.ensure_admin("a long password") is None
    assert [account.name for account in await accounts.page("", 10)] == ["alice"]
    assert await accounts.find("admin") is None
    alice = await accounts.verify("alice", PASSWORD)
    assert alice is not None
    assert alice.role is Role.MAINTAINER
    assert await accounts.recent("alice") == alice
    assert await accounts.verify("alice", "wrong") is None


async def test_users_of_a_file_are_changed_in_the_file_alone(of_a_file: People) -> None:
    accounts = of_a_file.accounts
    for doing in (
        accounts.add("bob", PASSWORD, Role.GUEST),
        accounts.change("alice", role=Role.ADMIN),
        accounts.remove("alice"),
    ):
        fault = await refused(Code.DENIED, doing)
        assert "/auth/htpasswd" in fault.message


async def test_a_file_may_hold_names_that_could_not_be_made_here(of_a_file: People) -> None:
    assert of_a_file.file is not None
    of_a_file.file.put("_json_key")
    assert await of_a_file.accounts.verify("_json_key", PASSWORD)
    assert await of_a_file.accounts.verify("_json_key", "wrong") is None
    # What is neither in the file nor a name that could be shares one entry.
    for number in range(FREE_FAILURES):
        assert await of_a_file.accounts.verify(f"+{number}", "wrong") is None
    await refused(Code.TOOMANYREQUESTS, of_a_file.accounts.verify("+other", "wrong"))
    assert await of_a_file.accounts.verify("_json_key", PASSWORD)


async def test_a_file_that_changed_counts_at_once(of_a_file: People) -> None:
    assert of_a_file.file is not None
    assert await of_a_file.accounts.verify("alice", PASSWORD)
    of_a_file.file.put("alice", "another one")
    assert await of_a_file.accounts.verify("alice", PASSWORD) is None
    assert await of_a_file.accounts.verify("alice", "another one")
    del of_a_file.file.accounts["alice"]
    assert await of_a_file.accounts.verify("alice", "another one") is None


async def test_unknown_names_cost_as_much_as_users_of_a_file(of_a_file: People) -> None:
    for name in ("alice", "nobody", "+"):
        assert await of_a_file.accounts.verify(name, "wrong") is None
    assert of_a_file.passwords.verified == ["wrong"] * 3
    assert of_a_file.passwords.hashed == 0
