"""Signing in at the console, step by step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog
from entrepot.ports.factors import Kind
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.rules.roles import Role
from entrepot.services.accounts import AccountService
from entrepot.services.ceremonies import LIFE_SECONDS
from entrepot.services.context import Caller
from entrepot.services.signin import SigninService
from entrepot.services.websessions import Opened, WebSessionService
from tests.services.house import Counting
from tests.services.people import PASSWORD
from tests.services.signing import ALICE, BROWSER, Signing, open_signing


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


async def refused(doing: Awaitable[Any], code: Code = Code.UNAUTHORIZED) -> Fault:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code
    return caught.value


async def test_without_a_second_factor_the_password_is_enough(signing: Signing) -> None:
    opened = await signing.signed_in()
    assert opened.account.name == "alice"
    assert await signing.sessions.identify(opened.session_id) == opened.account


async def test_a_wrong_name_and_a_wrong_password_look_the_same(signing: Signing) -> None:
    one = await refused(signing.signin.begin("alice", "wrong", BROWSER))
    two = await refused(signing.signin.begin("nobody", "wrong", BROWSER))
    assert one.message == two.message


@dataclass
class Directory:
    """Knows Carol, who has an account without a password here."""

    catalog: Catalog

    async def vouch(self, name: str, password: str) -> bool:
        if (name, password) != ("carol", "of the directory"):
            return False
        async with self.catalog.begin(write=True) as tx:
            await tx.accounts.add(Account(name, Role.GUEST, "", 1.0, 1.0))
            await tx.epochs.advance(ACCESS_EPOCH)
        return True

    def name_of(self, name: str) -> str:
        return name


async def test_people_of_a_directory_sign_in_with_its_passwords(signing: Signing) -> None:
    crowd = signing.people
    accounts = AccountService(
        crowd.catalog,
        crowd.passwords,
        crowd.clock,
        Counting(),
        elsewhere=Directory(crowd.catalog),
    )
    sessions = WebSessionService(crowd.catalog, crowd.clock, Counting(), accounts)
    signin = SigninService(
        crowd.catalog, accounts=accounts, factors=signing.factors, sessions=sessions
    )
    opened = await signin.begin("carol", "of the directory", BROWSER)
    assert isinstance(opened, Opened)
    assert await signing.sessions.identify(opened.session_id) is not None
    await refused(signin.begin("carol", "wrong", BROWSER))
    await refused(signin.begin("carol", "", BROWSER))


async def test_a_code_signs_in_once(signing: Signing) -> None:
    codes = (await signing.enrol_totp()).recovery_codes
    needs = await signing.needs()
    assert needs.kinds == (Kind.TOTP,)
    await refused(signing.signin.with_code(needs.ticket, "nonsense", BROWSER))
    opened = await signing.signin.with_code(needs.ticket, signing.code(), BROWSER)
    assert await signing.sessions.identify(opened.session_id) is not None
    # The ticket is used up, and so is the code.
    await refused(signing.signin.with_code(needs.ticket, codes[0], BROWSER))
    again = await signing.needs()
    await refused(signing.signin.with_code(again.ticket, signing.code(), BROWSER))
    opened = await signing.signin.with_code(again.ticket, codes[0], BROWSER)
    assert opened.account.name == "alice"


async def test_another_process_may_finish_what_one_began(signing: Signing) -> None:
    await signing.enrol_totp()
    needs = await signing.needs()
    other = signing.restarted()
    opened = await other.signin.with_code(needs.ticket, signing.code(), BROWSER)
    assert await signing.sessions.identify(opened.session_id) is not None


async def test_the_same_code_at_the_same_time_signs_in_once(signing: Signing) -> None:
    await signing.enrol_totp()
    tickets = [(await signing.needs()).ticket for _ in range(3)]
    doing = [signing.signin.with_code(ticket, signing.code(), BROWSER) for ticket in tickets]
    results = await asyncio.gather(*doing, return_exceptions=True)
    assert sum(isinstance(result, Opened) for result in results) == 1


async def test_a_passkey_signs_in(signing: Signing) -> None:
    authenticator = await signing.enrol_passkey()
    needs = await signing.needs()
    assert needs.kinds == (Kind.PASSKEY,)
    answer = authenticator.get(await signing.signin.passkey_options(needs.ticket))
    opened = await signing.signin.with_passkey(needs.ticket, answer, BROWSER)
    assert await signing.sessions.identify(opened.session_id) is not None
    await refused(signing.signin.with_passkey(needs.ticket, answer, BROWSER))
    # An answer to one sign-in is none to another.
    another = await signing.needs()
    await refused(signing.signin.with_passkey(another.ticket, answer, BROWSER))


async def test_a_copied_passkey_is_refused(signing: Signing) -> None:
    authenticator = await signing.enrol_passkey()
    copy = replace(authenticator)
    for _ in range(2):
        needs = await signing.needs()
        answer = authenticator.get(await signing.signin.passkey_options(needs.ticket))
        await signing.signin.with_passkey(needs.ticket, answer, BROWSER)
    needs = await signing.needs()
    answer = copy.get(await signing.signin.passkey_options(needs.ticket))
    fault = await refused(signing.signin.with_passkey(needs.ticket, answer, BROWSER))
    assert "count" in fault.message


async def test_another_user_s_passkey_is_refused(signing: Signing) -> None:
    await signing.enrol_passkey()
    await signing.people.add("bob")
    from_bob = await signing.enrol_passkey(replace(ALICE, caller=Caller("bob")))
    needs = await signing.needs("alice")
    answer = from_bob.get(await signing.signin.passkey_options(needs.ticket))
    await refused(signing.signin.with_passkey(needs.ticket, answer, BROWSER))


async def test_a_ticket_is_short_lived(signing: Signing) -> None:
    await signing.enrol_totp()
    needs = await signing.needs()
    signing.people.clock.seconds += LIFE_SECONDS + 1
    await refused(signing.signin.with_code(needs.ticket, signing.code(), BROWSER))


async def test_a_ticket_of_before_a_new_password_is_worth_nothing(signing: Signing) -> None:
    await signing.enrol_totp()
    needs = await signing.needs()
    await signing.people.accounts.change("alice", password="another one")
    fault = await refused(signing.signin.with_code(needs.ticket, signing.code(), BROWSER))
    assert "changed" in fault.message
    await signing.people.accounts.remove("alice")
    await refused(signing.signin.with_code(needs.ticket, signing.code(), BROWSER))


async def test_an_enrolment_s_ticket_signs_nobody_in(signing: Signing) -> None:
    await signing.enrol_totp()
    offer = await signing.factors.begin_totp(ALICE, "another")
    await refused(signing.signin.with_code(offer.ticket, signing.code(), BROWSER))
    needs = await signing.needs()
    await refused(signing.factors.confirm_totp(ALICE.caller, needs.ticket, signing.code()))


async def test_a_code_behind_the_password_is_not_taken(signing: Signing) -> None:
    await signing.enrol_totp()
    await refused(signing.signin.begin("alice", PASSWORD + signing.code(), BROWSER))
