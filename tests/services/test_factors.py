"""Second factors: enrolled, listed, removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from entrepot.adapters.sealing import Keyring
from entrepot.oci.errors import Code, Fault
from entrepot.ports.factors import Kind
from entrepot.rules.otp import RECOVERY_CODES
from entrepot.services.ceremonies import LIFE_SECONDS
from entrepot.services.context import Caller
from entrepot.services.factors import FACTORS_MAX, Me
from entrepot.services.proofs import Proofs
from entrepot.services.secrets import SecretService
from tests.authenticator import Authenticator
from tests.services.people import PASSWORD
from tests.services.signing import ALICE, HOST, URL, Signing, open_signing, signing_of

ROOT = Caller("root")


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


async def refused(code: Code, doing: Awaitable[Any]) -> Fault:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code
    return caught.value


async def test_an_app_is_enrolled_in_two_steps(signing: Signing) -> None:
    offer = await signing.factors.begin_totp(ALICE, " my  phone ")
    fields = parse_qs(urlsplit(offer.uri).query)
    assert fields["secret"] == [offer.secret]
    # Nothing has changed yet.
    assert await signing.factors.kinds("alice") == ()
    enrolled = await signing.enrol_totp()
    assert (enrolled.factor.kind, enrolled.factor.label) == (Kind.TOTP, "phone")
    assert len(set(enrolled.recovery_codes)) == RECOVERY_CODES
    assert await signing.factors.kinds("alice") == (Kind.TOTP,)
    rows, left = await signing.factors.of("alice")
    assert [row.id for row in rows] == [enrolled.factor.id]
    assert left == RECOVERY_CODES


async def test_a_wrong_code_enrols_nothing_and_may_be_corrected(signing: Signing) -> None:
    offer = await signing.factors.begin_totp(ALICE, "phone")
    fault = await refused(
        Code.REQUEST_INVALID, signing.factors.confirm_totp(ALICE.caller, offer.ticket, "000000")
    )
    assert "clock" in fault.message
    assert await signing.factors.kinds("alice") == ()


async def test_an_enrolment_is_finished_once_by_its_user_in_time(signing: Signing) -> None:
    await signing.people.add("bob")
    offer = await signing.factors.begin_totp(ALICE, "phone")
    confirm = signing.factors.confirm_totp
    await refused(Code.UNAUTHORIZED, confirm(Caller("bob"), offer.ticket, "000000"))
    await refused(Code.UNAUTHORIZED, confirm(ALICE.caller, "no ticket", "000000"))
    signing.people.clock.seconds += LIFE_SECONDS + 1
    await refused(Code.UNAUTHORIZED, confirm(ALICE.caller, offer.ticket, "000000"))


async def test_the_second_factor_brings_no_new_recovery_codes(signing: Signing) -> None:
    await signing.enrol_totp()
    enrolled = await signing.enrol_totp()
    assert enrolled.recovery_codes == ()


async def test_each_change_asks_for_the_password(signing: Signing) -> None:
    """Or whoever stole a session could lock its owner out."""
    factor = (await signing.enrol_totp()).factor
    thief, factors = Me(Caller("alice"), "guess"), signing.factors
    await refused(Code.UNAUTHORIZED, factors.begin_totp(thief, "mine"))
    await refused(Code.UNAUTHORIZED, factors.begin_passkey(thief, "mine"))
    await refused(Code.UNAUTHORIZED, factors.remove(thief, factor.id))
    await refused(Code.UNAUTHORIZED, factors.renew_recovery_codes(thief))
    assert await factors.kinds("alice") == (Kind.TOTP,)


async def test_a_passkey_is_enrolled_by_what_a_browser_answers(signing: Signing) -> None:
    authenticator = await signing.enrol_passkey()
    assert await signing.factors.kinds("alice") == (Kind.PASSKEY,)
    # The same one again, and another user's: refused.
    ticket, options = await signing.factors.begin_passkey(ALICE, "again")
    assert len(options["excludeCredentials"]) == 1
    answer = authenticator.create(options)
    await refused(Code.CONFLICT, signing.factors.confirm_passkey(ALICE.caller, ticket, answer))
    # What was made for another challenge.
    ticket, _ = await signing.factors.begin_passkey(ALICE, "again")
    await refused(
        Code.REQUEST_INVALID, signing.factors.confirm_passkey(ALICE.caller, ticket, answer)
    )


async def test_the_same_answer_at_the_same_time_enrols_one(signing: Signing) -> None:
    ticket, options = await signing.factors.begin_passkey(ALICE, "key")
    answer = Authenticator(URL, HOST).create(options)
    doing = [signing.factors.confirm_passkey(ALICE.caller, ticket, answer) for _ in range(2)]
    results = await asyncio.gather(*doing, return_exceptions=True)
    assert sum(isinstance(result, Fault) for result in results) == 1
    assert len((await signing.factors.of("alice"))[0]) == 1


async def test_passkeys_need_an_address_of_the_site(signing: Signing) -> None:
    nowhere = signing_of(signing.people, has_address=False)
    fault = await refused(Code.UNSUPPORTED, nowhere.factors.begin_passkey(ALICE, "key"))
    assert "server.public_url" in fault.message
    await nowhere.enrol_totp()


async def test_the_last_factor_takes_the_recovery_codes_along(signing: Signing) -> None:
    one, two = (await signing.enrol_totp()).factor, (await signing.enrol_totp()).factor
    await signing.factors.remove(ALICE, one.id)
    assert (await signing.factors.of("alice"))[1] == RECOVERY_CODES
    await refused(Code.NOT_FOUND, signing.factors.remove(ALICE, one.id))
    await signing.factors.remove(ALICE, two.id)
    assert await signing.factors.of("alice") == ([], 0)


async def test_nobody_removes_another_s_factor(signing: Signing) -> None:
    await signing.people.add("bob")
    factor = (await signing.enrol_totp()).factor
    await refused(Code.NOT_FOUND, signing.factors.remove(Me(Caller("bob"), PASSWORD), factor.id))
    async with signing.people.catalog.begin() as tx:
        codes = [row for row in await tx.factors.of("alice") if row.kind is Kind.RECOVERY]
    await refused(Code.NOT_FOUND, signing.factors.remove(ALICE, codes[0].id))


async def test_recovery_codes_can_be_made_anew(signing: Signing) -> None:
    await refused(Code.REQUEST_INVALID, signing.factors.renew_recovery_codes(ALICE))
    old = (await signing.enrol_totp()).recovery_codes
    new = await signing.factors.renew_recovery_codes(ALICE)
    assert not set(old) & set(new)
    assert (await signing.factors.of("alice"))[1] == RECOVERY_CODES


async def test_an_administrator_resets_who_lost_everything(signing: Signing) -> None:
    await signing.enrol_totp()
    assert await signing.factors.reset("alice", ROOT) == 1
    assert await signing.factors.kinds("alice") == ()
    assert await signing.factors.reset("alice", ROOT) == 0


async def test_a_factor_is_required_once_it_is_confirmed(signing: Signing) -> None:
    await signing.factors.begin_totp(ALICE, "phone")
    assert not await signing.factors.required("alice")
    await signing.enrol_totp()
    assert await signing.factors.required("alice")


async def test_each_change_is_in_the_audit_log_without_a_secret(signing: Signing) -> None:
    enrolled = await signing.enrol_totp()
    await signing.factors.renew_recovery_codes(ALICE)
    await signing.factors.remove(ALICE, enrolled.factor.id)
    await signing.factors.reset("alice", ROOT)
    async with signing.people.catalog.begin() as tx:
        lines = await tx.audit.after(0, 100)
    lines = [line for line in lines if line.operation.startswith("factor")]
    told = [(line.operation, line.actor, line.resource) for line in lines]
    assert told == [
        ("factor.added", "alice", "alice"),
        ("factor.codes-renewed", "alice", "alice"),
        ("factor.removed", "alice", "alice"),
        ("factor.reset", "root", "alice"),
    ]
    assert (lines[0].address, lines[0].client) == ("192.0.2.1", "Firefox")
    assert not any(code in str(lines) for code in enrolled.recovery_codes)


async def test_an_account_has_so_many_factors_at_most(signing: Signing) -> None:
    for _ in range(FACTORS_MAX):
        await signing.enrol_totp()
    fault = await refused(Code.CONFLICT, signing.factors.begin_totp(ALICE, "phone"))
    assert str(FACTORS_MAX) in fault.message


@pytest.mark.parametrize("label", ["", "  ", "x" * 65, "a\x1b[1m"])
async def test_a_factor_has_a_name_that_can_be_shown(signing: Signing, label: str) -> None:
    await refused(Code.REQUEST_INVALID, signing.factors.begin_totp(ALICE, label))


async def test_a_new_master_key_seals_them_anew(signing: Signing) -> None:
    """What is kept, and what is bound to whom, is the same to the service that rotates keys."""
    await signing.enrol_totp()
    await signing.enrol_passkey()
    async with signing.people.catalog.begin(write=True) as tx:
        await signing.factors.proofs.code(tx, "alice", "000000")
    await signing.factors.begin_totp(ALICE, "another")
    keys = Keyring({"new": bytes(31) + b"n", "test": bytes(32)})
    people = signing.people
    done = await SecretService(people.catalog, people.clock, keys).reseal(ROOT)
    rows = 2 + RECOVERY_CODES + 2
    assert (done.resealed, done.broken) == (rows, ())
    proofs = Proofs(people.clock, Keyring({"new": bytes(31) + b"n"}), None)
    async with people.catalog.begin(write=True) as tx:
        assert await proofs.code(tx, "alice", signing.code()) is None


async def test_no_secret_is_in_the_catalog_in_the_clear(signing: Signing) -> None:
    enrolled = await signing.enrol_totp()
    offer = await signing.factors.begin_totp(ALICE, "another")
    secrets = (signing.secrets["alice"], offer.ticket.encode(), enrolled.recovery_codes[0].encode())
    async with signing.people.catalog.begin() as tx:
        rows = await tx.factors.of("alice")
    assert {row.kind for row in rows} == {Kind.TOTP, Kind.RECOVERY, Kind.PENDING}
    for row in rows:
        for secret in secrets:
            assert secret not in row.sealed
            assert secret not in row.credential.encode()
