"""Users switched off and on again."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.access import Identity, Kind
from entrepot.rules.roles import Role
from entrepot.services.context import Caller
from entrepot.services.enabling import EnablingService
from tests.services.people import PASSWORD, People, open_people

ROOT = Caller("root")


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        await made.add("alice")
        yield made


@pytest.fixture
def enabling(people: People) -> EnablingService:
    return EnablingService(people.catalog, people.clock)


async def changed_at(people: People) -> float:
    account = await people.accounts.find("alice")
    assert account is not None
    return account.changed_at


async def test_whoever_is_off_cannot_log_in(people: People, enabling: EnablingService) -> None:
    before = await people.holder()
    await people.access.login("alice", PASSWORD)
    await enabling.put("alice", enabled=False, caller=ROOT)
    assert not (await enabling.find("alice")).enabled
    with pytest.raises(Fault) as caught:
        await people.access.login("alice", PASSWORD)
    assert "switched off" in caught.value.message
    await enabling.put("alice", enabled=True, caller=ROOT)
    await people.access.login("alice", PASSWORD)
    # What was issued before does not come back.
    assert (await people.holder()).changed_at > before.changed_at


async def test_twice_is_once(people: People, enabling: EnablingService) -> None:
    await enabling.put("alice", enabled=True, caller=ROOT)
    await enabling.put("alice", enabled=False, caller=ROOT)
    async with people.catalog.begin() as tx:
        lines = await tx.audit.last()
    before = await changed_at(people)
    await enabling.put("alice", enabled=False, caller=ROOT)
    assert await changed_at(people) == before
    async with people.catalog.begin() as tx:
        assert await tx.audit.last() == lines


async def test_nobody(enabling: EnablingService) -> None:
    for asked in (enabling.find("bob"), enabling.put("bob", enabled=False, caller=ROOT)):
        with pytest.raises(Fault) as caught:
            await asked
        assert caught.value.code is Code.NOT_FOUND


async def test_attack_switching_off_those_above(people: People, enabling: EnablingService) -> None:
    await people.add("root", Role.ADMIN)
    alice = Identity("alice", Role.DEVELOPER, kind=Kind.USER)
    with pytest.raises(Fault) as caught:
        await enabling.put("root", enabled=False, caller=Caller("alice"), by=alice)
    assert caught.value.code is Code.DENIED


async def test_nobody_switches_themselves_off(people: People, enabling: EnablingService) -> None:
    root = Identity("alice", Role.ADMIN, kind=Kind.USER)
    with pytest.raises(Fault) as caught:
        await enabling.put("alice", enabled=False, caller=ROOT, by=root)
    assert caught.value.code is Code.DENIED
    await people.access.login("alice", PASSWORD)
