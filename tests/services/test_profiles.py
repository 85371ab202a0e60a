"""What is told of users beside their accounts."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.identity import Source
from entrepot.rules.access import Identity, Kind
from entrepot.rules.roles import Role
from entrepot.services.context import Caller
from entrepot.services.enabling import EnablingService
from entrepot.services.profiles import TEXT_LENGTH_MAX, ProfileService, nothing_of
from tests.services.people import People, open_people

ROOT = Caller("root")
ALICE = Identity("alice", Role.USER, kind=Kind.USER)
BOB = Identity("bob", Role.USER, kind=Kind.USER)


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        await made.add("alice")
        await made.add("bob")
        yield made


@pytest.fixture
def profiles(people: People) -> ProfileService:
    return ProfileService(people.catalog, people.clock)


async def refused(profiles: ProfileService, name: str, by: Identity | None = None) -> Code:
    with pytest.raises(Fault) as caught:
        await profiles.put(name, "a@example.com", "A", by=by, caller=ROOT)
    return caught.value.code


async def test_what_is_told_is_kept(people: People, profiles: ProfileService) -> None:
    account = await people.accounts.find("alice")
    assert account is not None
    assert await profiles.of([account]) == {"alice": nothing_of(account)}
    for by in (None, ALICE):
        await profiles.put("alice", "a@example.com", "Alice", by=by, caller=ROOT)
    found = (await profiles.of([account]))["alice"]
    assert (found.email, found.display_name, found.source) == (
        "a@example.com",
        "Alice",
        Source.LOCAL,
    )
    async with people.catalog.begin() as tx:
        lines = await tx.audit.after(0, 100)
    assert [line.operation for line in lines].count("user.described") == 1


async def test_it_switches_nobody_on(people: People, profiles: ProfileService) -> None:
    await EnablingService(people.catalog, people.clock).put("alice", enabled=False, caller=ROOT)
    await profiles.put("alice", "a@example.com", "Alice", by=None, caller=ROOT)
    account = await people.accounts.find("alice")
    assert account is not None
    assert not (await profiles.of([account]))["alice"].enabled


async def test_who_is_known_elsewhere_is_told_there(
    people: People, profiles: ProfileService
) -> None:
    account = await people.accounts.find("alice")
    assert account is not None
    async with people.catalog.begin(write=True) as tx:
        await tx.profiles.put(replace(nothing_of(account), source=Source.LDAP, subject="uid=alice"))
    assert await refused(profiles, "alice") is Code.DENIED


async def test_who_may_not(people: People, profiles: ProfileService) -> None:
    await people.add("root", role=Role.ADMIN)
    assert await refused(profiles, "root", BOB) is Code.DENIED
    assert await refused(profiles, "nobody") is Code.NOT_FOUND


@pytest.mark.parametrize("text", ["x" * (TEXT_LENGTH_MAX + 1), "two\nlines"])
async def test_what_is_no_text(profiles: ProfileService, text: str) -> None:
    for email, name in ((text, ""), ("", text)):
        with pytest.raises(Fault) as caught:
            await profiles.put("alice", email, name, by=None, caller=ROOT)
        assert caught.value.code is Code.REQUEST_INVALID


async def test_too_many_at_once(people: People, profiles: ProfileService) -> None:
    account = await people.accounts.find("alice")
    assert account is not None
    with pytest.raises(ValueError, match="at once"):
        await profiles.of([account] * 1001)
