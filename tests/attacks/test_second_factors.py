"""Attack: past a second factor with the password in hand, or into a session."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.otp import FREE_TRIES, RECOVERY_CODES
from entrepot.services.context import Caller
from entrepot.services.factors import Me
from tests.services.people import PASSWORD
from tests.services.signing import ALICE, BROWSER, Signing, open_signing


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


async def answers(signing: Signing, ticket: str, code: str, place: str = "") -> Code | None:
    try:
        await signing.signin.with_code(ticket, code, Caller(address=place or "203.0.113.66"))
    except Fault as fault:
        return fault.code
    return None


async def test_one_time_code_replay(signing: Signing) -> None:
    """Who looked over a shoulder has the password and a code that was used a second ago."""
    await signing.enrol_totp()
    seen = signing.code()
    assert await answers(signing, (await signing.needs()).ticket, seen, "192.0.2.1") is None
    assert await answers(signing, (await signing.needs()).ticket, seen) is Code.UNAUTHORIZED
    other = signing.restarted()
    assert await answers(other, (await other.needs()).ticket, seen) is Code.UNAUTHORIZED


async def test_guessing_codes_with_new_tickets_addresses_and_processes(signing: Signing) -> None:
    await signing.enrol_totp()
    right = {signing.code(steps=steps) for steps in range(-1, 2)}
    guesses = [code for code in (f"{n:06}" for n in range(60)) if code not in right]
    looked_at = 0
    for number, guess in enumerate(guesses):
        process = signing.restarted()
        ticket = (await process.needs()).ticket
        answer = await answers(process, ticket, guess, f"198.51.100.{number}")
        looked_at += answer is Code.UNAUTHORIZED
    assert looked_at == FREE_TRIES


async def test_code_appended_to_the_password(signing: Signing) -> None:
    await signing.enrol_totp()
    for password in (PASSWORD + signing.code(), f"{PASSWORD},{signing.code()}"):
        assert await signing.people.accounts.verify("alice", password) is None


async def test_bare_password_where_a_factor_is_needed(signing: Signing) -> None:
    """What a login of docker asks."""
    await signing.enrol_passkey()
    assert await signing.factors.required("alice")


async def test_enrolling_a_factor_of_ones_own_with_a_stolen_session(signing: Signing) -> None:
    await signing.signed_in()
    with pytest.raises(Fault) as caught:
        await signing.factors.begin_totp(Me(Caller("alice"), "not known to the thief"), "mine")
    assert caught.value.code is Code.UNAUTHORIZED
    assert await signing.factors.kinds("alice") == ()


async def test_guessing_the_password_by_enrolments(signing: Signing) -> None:
    """It is slowed down as any login: a session in hand is no way around."""
    told = []
    for number in range(20):
        with pytest.raises(Fault) as caught:
            await signing.factors.begin_totp(
                Me(Caller("alice", "", "192.0.2.9"), f"guess {number}"), "mine"
            )
        told.append(caught.value.code)
    assert told.count(Code.TOOMANYREQUESTS) > 10


async def test_ticket_of_one_user_for_another(signing: Signing) -> None:
    await signing.people.add("mallory")
    mine = Me(Caller("mallory"), PASSWORD)
    await signing.enrol_totp()
    await signing.enrol_totp(mine)
    ticket = (await signing.needs("alice")).ticket
    assert await answers(signing, ticket, signing.code("mallory")) is Code.UNAUTHORIZED
    codes = await signing.factors.renew_recovery_codes(mine)
    assert await answers(signing, ticket, codes[0]) is Code.UNAUTHORIZED


async def test_session_fixation(signing: Signing) -> None:
    """An id that was there before the sign-in is never the one after it."""
    one, two = await signing.signed_in(), await signing.signed_in()
    assert one.session_id != two.session_id
    assert await signing.sessions.end(one.session_id, BROWSER)
    assert await signing.sessions.identify(two.session_id) is not None


async def test_lockout_as_denial_of_service_by_wrong_codes(signing: Signing) -> None:
    """Only who has the password gets this far, and the owner has other ways in meanwhile."""
    codes = (await signing.enrol_totp()).recovery_codes
    authenticator = await signing.enrol_passkey()
    for number in range(40):
        await answers(signing, (await signing.needs()).ticket, f"{number:06}")
    ticket = (await signing.needs()).ticket
    assert await answers(signing, ticket, signing.code()) is Code.TOOMANYREQUESTS
    answer = authenticator.get(await signing.signin.passkey_options(ticket))
    opened = await signing.signin.with_passkey(ticket, answer, BROWSER)
    assert opened.account.name == "alice"
    assert await answers(signing, (await signing.needs()).ticket, codes[0]) is None
    assert (await signing.factors.of(ALICE.name))[1] == RECOVERY_CODES - 1
