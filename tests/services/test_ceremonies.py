"""Ceremonies under way: few, short, one user's, finished once."""

from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.sealing import Keyring
from entrepot.oci.errors import Code, Fault
from entrepot.ports.factors import Kind
from entrepot.services.ceremonies import LIFE_SECONDS, PER_USER_MAX, Ceremonies
from tests.services.house import Counting
from tests.services.signing import Signing, open_signing


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


async def begin(signing: Signing, user_name: str = "alice", purpose: str = "test") -> str:
    async with signing.people.catalog.begin(write=True) as tx:
        ticket, _ = await signing.factors.ceremonies.begin(
            tx, user_name, purpose, label="mine", secret=b"secret"
        )
    return ticket


async def is_there(signing: Signing, ticket: str, purpose: str = "test", name: str = "") -> bool:
    async with signing.people.catalog.begin() as tx:
        try:
            ceremony = await signing.factors.ceremonies.find(tx, ticket, purpose, name)
        except Fault as fault:
            if fault.code is not Code.UNAUTHORIZED:
                raise
            return False
    return ceremony.matter.secret == b"secret" and ceremony.user_name == "alice"


async def test_a_ceremony_is_found_by_its_ticket_for_what_it_is_alone(signing: Signing) -> None:
    ticket = await begin(signing)
    assert await is_there(signing, ticket)
    assert await is_there(signing, ticket, name="alice")
    assert not await is_there(signing, ticket, name="bob")
    assert not await is_there(signing, ticket, "another")
    assert not await is_there(signing, ticket[:-1])
    assert await is_there(signing.restarted(), ticket)


async def test_challenges_never_repeat(signing: Signing) -> None:
    async with signing.people.catalog.begin(write=True) as tx:
        made = [await signing.factors.ceremonies.begin(tx, "alice", "test") for _ in range(5)]
    assert len({matter.challenge for _, matter in made}) == 5
    assert all(len(matter.challenge) == 32 for _, matter in made)


async def test_a_ceremony_is_over_after_a_while(signing: Signing) -> None:
    ticket = await begin(signing)
    signing.people.clock.seconds += LIFE_SECONDS
    assert await is_there(signing, ticket)
    signing.people.clock.seconds += 1
    assert not await is_there(signing, ticket)


async def test_a_ceremony_ends_once(signing: Signing) -> None:
    ticket = await begin(signing)
    async with signing.people.catalog.begin(write=True) as tx:
        ceremony = await signing.factors.ceremonies.find(tx, ticket, "test")
        await signing.factors.ceremonies.end(tx, ceremony)
        with pytest.raises(Fault):
            await signing.factors.ceremonies.end(tx, ceremony)


async def test_i13_a_user_s_ceremonies_are_few(signing: Signing) -> None:
    tickets = [await begin(signing) for _ in range(2 * PER_USER_MAX)]
    there = [await is_there(signing, ticket) for ticket in tickets]
    assert there == [False] * PER_USER_MAX + [True] * PER_USER_MAX
    signing.people.clock.seconds += LIFE_SECONDS + 1
    await begin(signing)
    async with signing.people.catalog.begin() as tx:
        rows = await tx.factors.of("alice")
    assert [row.kind for row in rows] == [Kind.PENDING]


async def test_without_its_key_nothing_is_taken_for_wrong(signing: Signing) -> None:
    ticket = await begin(signing)
    others = Keyring({"other": bytes(31) + b"x"})
    ceremonies = Ceremonies(signing.people.clock, Counting(), others)
    async with signing.people.catalog.begin() as tx:
        with pytest.raises(Fault) as caught:
            await ceremonies.find(tx, ticket, "test")
    assert caught.value.code is Code.UNAVAILABLE
