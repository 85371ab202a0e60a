"""Passwords compared with hashes, as seldom as can be; see `test_accounts`."""

import asyncio

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.rules.passwords import FREE_FAILURES
from entrepot.rules.roles import Role
from entrepot.services.verifying import VERIFIED_SECONDS, Verifier
from tests.services.house import Counting, HandClock
from tests.services.people import PlainPasswords, UserList

ALICE = Account("alice", Role.GUEST, "plain$1$right", 0.0, 0.0)


class World:
    """A verifier with what it stands on."""

    def __init__(self, file: UserList | None = None) -> None:
        self.passwords, self.clock = PlainPasswords(), HandClock()
        self.verifier = Verifier(self.passwords, self.clock, Counting(), file=file)

    async def ask(self, password: str, account: Account | None = ALICE) -> bool:
        return await self.verifier.is_right("alice", password, account, "alice")


async def test_right_and_wrong() -> None:
    world = World()
    assert await world.ask("right")
    assert not await world.ask("wrong")
    assert not await world.ask("right", None)


async def test_what_was_right_is_hashed_once_a_while() -> None:
    world = World()
    assert all(await asyncio.gather(*(world.ask("right") for _ in range(5))))
    assert world.passwords.verified == ["right"]
    world.clock.seconds += VERIFIED_SECONDS
    assert await world.ask("right")
    assert len(world.passwords.verified) == 2


async def test_guesses_are_slowed_down_and_the_right_one_is_not() -> None:
    world = World()
    assert await world.ask("right")
    for number in range(FREE_FAILURES):
        assert not await world.ask(f"wrong{number}")
    with pytest.raises(Fault) as caught:
        await world.ask("another")
    assert caught.value.code is Code.TOOMANYREQUESTS
    assert await world.ask("right")


@pytest.mark.parametrize("file", [None, UserList()])
async def test_nobody_is_compared_like_anybody(file: UserList | None) -> None:
    world = World(file)
    assert not await world.ask("wrong", None)
    assert world.passwords.verified == ["wrong"]
    assert world.passwords.hashed == (0 if file else 1)
