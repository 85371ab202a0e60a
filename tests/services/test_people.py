"""Logging in with the passwords of a directory, and who of it is gone."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.identity import Source
from entrepot.rules.passwords import FREE_FAILURES
from entrepot.rules.roles import Role
from entrepot.services.people import FAILURES_MAX, GONE_FREE, SEEN_DAYS
from entrepot.services.verifying import VERIFIED_SECONDS
from tests.services.people import PASSWORD
from tests.services.visitors import CAROL, SESAME, NoRun, Visitors, open_visitors


@pytest.fixture
async def visitors() -> AsyncIterator[Visitors]:
    async with open_visitors() as made:
        yield made


async def refused(visitors: Visitors, name: str = "carol", password: str = "wrong") -> Fault:
    with pytest.raises(Fault) as caught:
        await visitors.login(name, password)
    return caught.value


async def test_a_person_logs_in_and_has_an_account(visitors: Visitors) -> None:
    assert await visitors.login() == "carol"
    assert (await visitors.profile()).source is Source.LDAP
    assert (await refused(visitors)).code is Code.UNAUTHORIZED
    assert (await refused(visitors, "nobody", SESAME)).code is Code.UNAUTHORIZED


async def test_a_right_password_is_remembered_for_a_minute(visitors: Visitors) -> None:
    for _ in range(5):
        await visitors.login()
    assert visitors.directory.asked == ["carol"]
    visitors.clock.seconds += VERIFIED_SECONDS + 1
    await visitors.login()
    assert visitors.directory.asked == ["carol", "carol"]


async def test_the_name_may_be_written_otherwise(visitors: Visitors) -> None:
    assert await visitors.login("Carol") == "carol"
    assert await visitors.login("Carol") == "carol"
    assert visitors.directory.asked == ["Carol"]


async def test_attack_guesses_are_slowed_whatever_the_case_of_the_name(
    visitors: Visitors,
) -> None:
    names = ["carol", "Carol", "cArol", "caRol", "carOl", "caroL", "CARol", "CaRoL"]
    codes = [
        (await refused(visitors, name, f"guess {number}")).code for number, name in enumerate(names)
    ]
    assert codes[:FREE_FAILURES] == [Code.UNAUTHORIZED] * FREE_FAILURES
    assert codes[-1] is Code.TOOMANYREQUESTS
    assert len(visitors.directory.asked) < len(names)


async def test_a_wrong_password_that_is_sent_forever_locks_nobody_out(visitors: Visitors) -> None:
    # Directories lock accounts after some wrong passwords: the same one is asked about once.
    for _ in range(20):
        assert (await refused(visitors)).code is Code.UNAUTHORIZED
    assert visitors.directory.asked == ["carol"]
    await visitors.login()


async def test_passwords_of_local_users_are_sent_to_nobody(visitors: Visitors) -> None:
    await visitors.accounts.add("admin", PASSWORD, Role.ADMIN)
    visitors.directory.put(replace(CAROL, name="admin", subject="uuid-admin"))
    assert (await refused(visitors, "admin", SESAME)).code is Code.UNAUTHORIZED
    assert await visitors.login("admin", PASSWORD) == "admin"
    assert visitors.directory.asked == []


async def test_a_directory_that_is_down_is_no_wrong_password(visitors: Visitors) -> None:
    await visitors.accounts.add("admin", PASSWORD, Role.ADMIN)
    visitors.directory.failing = "LDAP: no server can be asked"
    for _ in range(20):
        fault = await refused(visitors, "carol", SESAME)
        assert (fault.code, "try again later" in fault.message) == (Code.UNAVAILABLE, True)
    assert "LDAP" not in fault.message
    assert visitors.log.lines[0][1] == {"reason": "LDAP: no server can be asked"}
    assert await visitors.login("admin", PASSWORD) == "admin"
    visitors.directory.failing = ""
    assert await visitors.login() == "carol"


async def test_sync_brings_groups_and_roles_into_step(visitors: Visitors) -> None:
    await visitors.login()
    visitors.change(groups=("ops",), is_admin=True)
    run = NoRun()
    await visitors.people.sync(run)
    assert await visitors.groups() == [("ops", Source.LDAP)]
    assert (await visitors.account()).role is Role.ADMIN
    assert run.progress == {"people": 1, "gone": 0}


async def test_who_is_gone_is_switched_off_at_once(visitors: Visitors) -> None:
    await visitors.login()
    del visitors.directory.people["carol"]
    run = NoRun()
    await visitors.people.sync(run)
    assert run.progress == {"people": 1, "gone": 1}
    # Although the password is remembered.
    assert "switched off" in (await refused(visitors, "carol", SESAME)).message
    # Nor does a name that was given to somebody else open what was theirs.
    visitors.directory.put(replace(CAROL, subject="uuid-of-another"))
    visitors.clock.seconds += VERIFIED_SECONDS + 1
    assert (await refused(visitors, "carol", SESAME)).code is Code.CONFLICT


async def test_a_name_given_to_another_person_is_gone(visitors: Visitors) -> None:
    await visitors.login()
    visitors.change(subject="uuid-of-another")
    await visitors.people.sync(NoRun())
    assert not (await visitors.profile()).enabled


async def test_nobody_is_switched_off_when_the_search_finds_nobody(visitors: Visitors) -> None:
    names = [f"user{number}" for number in range(GONE_FREE + 1)]
    visitors.directory.put(*(replace(CAROL, name=name, subject=name) for name in names))
    for name in names:
        await visitors.login(name)
    visitors.directory.people.clear()
    with pytest.raises(Fault) as caught:
        await visitors.people.sync(NoRun())
    assert f"{len(names)} of {len(names)} people" in caught.value.message
    assert (await visitors.profile("user0")).enabled


async def test_sync_leaves_a_directory_alone_that_is_down(visitors: Visitors) -> None:
    names = [f"user{number}" for number in range(FAILURES_MAX + 2)]
    visitors.directory.put(*(replace(CAROL, name=name, subject=name) for name in names))
    for name in names:
        await visitors.login(name)
    visitors.directory.failing = "down"
    with pytest.raises(Fault) as caught:
        await visitors.people.sync(NoRun())
    assert caught.value.code is Code.UNAVAILABLE
    assert len(visitors.log.lines) == FAILURES_MAX


async def test_whoever_was_not_seen_for_long_is_not_asked_about(visitors: Visitors) -> None:
    await visitors.login()
    visitors.clock.seconds += (SEEN_DAYS + 1) * 86400
    run = NoRun()
    await visitors.people.sync(run)
    assert run.progress == {"people": 0, "gone": 0}


async def test_sync_does_not_mind_a_user_who_was_made_local(visitors: Visitors) -> None:
    await visitors.login()
    await visitors.accounts.change("carol", password=PASSWORD)
    await visitors.people.sync(NoRun())
    assert await visitors.login("carol", PASSWORD) == "carol"


async def test_a_person_is_looked_up_and_brought_without_a_password(visitors: Visitors) -> None:
    assert await visitors.people.trouble() is None
    found = await visitors.people.look_up("carol")
    assert found is not None
    assert found.name == "carol"
    assert await visitors.people.look_up("nobody") is None
    assert await visitors.people.bring("nobody") is None
    assert await visitors.people.bring("carol") == "carol"
    assert (await visitors.profile()).source is Source.LDAP


async def test_nobody_is_looked_up_while_the_directory_is_down(visitors: Visitors) -> None:
    visitors.directory.failing = "LDAP: no server can be asked"
    for call in (visitors.people.look_up("carol"), visitors.people.bring("carol")):
        with pytest.raises(Fault) as caught:
            await call
        assert caught.value.code is Code.UNAVAILABLE
