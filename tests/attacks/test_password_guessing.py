"""Attack: guessing passwords, keeping people out by it, finding out who exists."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.rules.passwords import (
    FREE_FAILURES,
    PACE_FREE_FAILURES,
    PACE_MAX_SECONDS,
    PAUSE_MAX_SECONDS,
)
from entrepot.rules.roles import Role
from entrepot.services.verifying import VERIFIED_SECONDS, Verifier
from tests.services.crowd import Crowd, open_crowd
from tests.services.house import Counting, HandClock
from tests.services.people import PASSWORD, PlainPasswords

HOME, ATTACKER = "198.51.100.7", "203.0.113.66"


@pytest.fixture
async def people() -> AsyncIterator[Crowd]:
    async with open_crowd() as made:
        await made.add("alice")
        yield made


async def guesses(people: Crowd, number: int, address: str, name: str = "alice") -> int:
    """Return how many of so many guesses were not even looked at."""
    refused = 0
    for each in range(number):
        try:
            # Never the same twice, as a repeated one is no guess.
            guess = f"guess {len(people.passwords.verified)} {each}"
            assert await people.accounts.verify(name, guess, address) is None
        except Fault as fault:
            if fault.code is not Code.TOOMANYREQUESTS:
                raise
            refused += 1
    return refused


async def test_lockout_as_denial_of_service_from_one_address(people: Crowd) -> None:
    assert await guesses(people, 100, ATTACKER) == 100 - FREE_FAILURES
    # The owner comes from elsewhere, for the first time since the start, and does not even wait.
    before = people.clock.seconds
    assert await people.accounts.verify("alice", PASSWORD, HOME)
    assert people.clock.seconds == before


async def test_lockout_as_denial_of_service_behind_one_address_with_the_owner(
    people: Crowd,
) -> None:
    assert await people.accounts.verify("alice", PASSWORD, HOME)
    people.clock.seconds += VERIFIED_SECONDS
    assert await guesses(people, 50, HOME) > 0
    assert await people.accounts.verify("alice", PASSWORD, HOME)


async def test_lockout_as_denial_of_service_from_many_addresses(people: Crowd) -> None:
    for number in range(200):
        assert await guesses(people, 1, f"192.0.2.{number}") == 0
    # From a place never seen before: slowed, and let in.
    before = people.clock.seconds
    assert await people.accounts.verify("alice", PASSWORD, HOME)
    assert people.clock.seconds - before <= PACE_MAX_SECONDS
    # From there again, with a new password too: not even slowed.
    await people.accounts.change("alice", password="another one")
    for number in range(200):
        assert await guesses(people, 1, f"192.0.2.{number}") == 0
    before = people.clock.seconds
    assert await people.accounts.verify("alice", "another one", HOME)
    assert people.clock.seconds == before


async def test_lockout_as_denial_of_service_by_logins_that_wait(people: Crowd) -> None:
    """Somebody else's logins, made to wait by guesses at their name, are in nobody's way."""
    for number in range(PACE_FREE_FAILURES):
        await guesses(people, 1, f"192.0.2.{number}")
    await people.add("bob")
    before = people.clock.seconds
    assert await people.accounts.verify("bob", PASSWORD, HOME)
    assert people.clock.seconds == before


async def test_guessing_from_one_address_is_slow(people: Crowd) -> None:
    """A day of it, at an address's best: a guess a minute."""
    looked_at = 0
    for _ in range(24 * 60):
        looked_at += 1 - await guesses(people, 1, ATTACKER)
        people.clock.seconds += PAUSE_MAX_SECONDS
    assert looked_at <= 24 * 60


async def test_guessing_from_many_addresses_is_paced(people: Crowd) -> None:
    """Addresses that never repeat are held to a pace, as long as they wait for the answers."""
    before = people.clock.seconds
    for number in range(PACE_FREE_FAILURES + 1000):
        await guesses(people, 1, f"10.0.{number // 256}.{number % 256}")
    assert (people.clock.seconds - before) / 1000 > 0.2


async def test_guessing_by_addresses_of_one_ipv6_customer_is_guessing_from_one(
    people: Crowd,
) -> None:
    refused = 0
    for number in range(100):
        refused += await guesses(people, 1, f"2001:db8:0:{number:x}::{number:x}")
    assert refused > 0


async def test_guesses_at_the_same_time_are_no_way_around(people: Crowd) -> None:
    doing = [people.accounts.verify("alice", f"guess {n}", ATTACKER) for n in range(50)]
    answers = await asyncio.gather(*doing, return_exceptions=True)
    assert sum(isinstance(answer, Fault) for answer in answers) == 50 - FREE_FAILURES


async def test_timing_of_user_enumeration(people: Crowd) -> None:
    """Each name costs one comparison of a hash: known, unknown, impossible, or of a directory."""
    names = ("alice", "nobody", "not a name", "x" * 1000, "")
    for name in names:
        people.passwords.verified.clear()
        assert await people.accounts.verify(name, "wrong", ATTACKER) is None
        assert people.passwords.verified == ["wrong"], name


async def test_timing_of_user_enumeration_by_accounts_without_a_password() -> None:
    """Who logs in at a directory has no hash here; comparing with none would be fast."""
    passwords = PlainPasswords()
    verifier = Verifier(passwords, HandClock(), Counting())
    carol = Account("carol", Role.GUEST, "", 0.0, 0.0)
    for account in (carol, replace(carol, password_hash="plain$1$right"), None):
        passwords.verified.clear()
        assert not await verifier.is_right("carol", "wrong", account, "carol", address=HOME)
        assert passwords.verified == ["wrong"]
    # And no password is right for it, the one behind the hash of nobody included.
    assert not await verifier.is_right("carol", f"{1:032x}", carol, "carol", address=HOME)


async def test_user_enumeration_by_answers(people: Crowd) -> None:
    """After how many guesses which answer comes is the same for all names."""
    told = []
    for name in ("alice", "nobody"):
        answers: list[str] = []
        for number in range(3 * FREE_FAILURES):
            try:
                answers.append(str(await people.accounts.verify(name, f"{number}", ATTACKER)))
            except Fault as fault:
                answers.append(fault.message)
        told.append(answers)
    assert told[0] == told[1]
