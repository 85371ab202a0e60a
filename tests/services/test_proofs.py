"""Codes and passkeys put to the test."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.otp import FREE_TRIES, TRIES_FORGET_SECONDS, TRY_PAUSE_MAX_SECONDS
from tests.services.signing import ALICE, Signing, open_signing


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


async def shown(signing: Signing, code: str, name: str = "alice") -> Code | None:
    """Return why a code is not taken, or None."""
    async with signing.people.catalog.begin(write=True) as tx:
        fault = await signing.factors.proofs.code(tx, name, code)
    return fault.code if fault else None


def wrong_codes(signing: Signing) -> list[str]:
    near = {signing.code(steps=steps) for steps in range(-1, 2)}
    return [code for code in (f"{number:06}" for number in range(100)) if code not in near]


async def test_a_code_is_taken_once(signing: Signing) -> None:
    await signing.enrol_totp()
    code = signing.code()
    assert await shown(signing, code) is None
    assert await shown(signing, code) is Code.UNAUTHORIZED
    assert await shown(signing.restarted(), code) is Code.UNAUTHORIZED
    signing.next_step()
    assert await shown(signing, f" {signing.code()[:3]} {signing.code()[3:]}") is None


async def test_the_code_that_enrolled_signs_nobody_in(signing: Signing) -> None:
    await signing.enrol_totp()
    assert await shown(signing, signing.code(steps=-1)) is Code.UNAUTHORIZED


async def test_each_app_has_codes_of_its_own(signing: Signing) -> None:
    await signing.enrol_totp()
    first = signing.secrets["alice"]
    await signing.enrol_totp()
    assert await shown(signing, signing.code()) is None
    signing.secrets["alice"] = first
    assert await shown(signing, signing.code()) is None


async def test_wrong_codes_slow_down_and_are_counted_in_the_catalog(signing: Signing) -> None:
    await signing.enrol_totp()
    wrong = wrong_codes(signing)
    for code in wrong[:FREE_TRIES]:
        assert await shown(signing, code) is Code.UNAUTHORIZED
    assert await shown(signing, signing.code()) is Code.TOOMANYREQUESTS
    assert await shown(signing.restarted(), signing.code()) is Code.TOOMANYREQUESTS
    signing.people.clock.seconds += 1
    assert await shown(signing, signing.code()) is None
    # A right one makes the wrong ones forgotten.
    for code in wrong_codes(signing)[:FREE_TRIES]:
        assert await shown(signing, code) is Code.UNAUTHORIZED


async def test_a_day_of_guessing_is_a_hundred_codes(signing: Signing) -> None:
    await signing.enrol_totp()
    end = signing.people.clock.seconds + 86400
    looked_at = 0
    while signing.people.clock.seconds < end:
        looked_at += await shown(signing, wrong_codes(signing)[0]) is Code.UNAUTHORIZED
        signing.people.clock.seconds += 60
    assert looked_at <= 86400 / TRY_PAUSE_MAX_SECONDS + 30
    signing.people.clock.seconds += TRIES_FORGET_SECONDS + 1
    assert await shown(signing, signing.code()) is None


async def test_a_clock_set_back_locks_nobody_out(signing: Signing) -> None:
    await signing.enrol_totp()
    for code in wrong_codes(signing)[: FREE_TRIES + 1]:
        await shown(signing, code)
    signing.people.clock.seconds -= 86400
    assert await shown(signing, "000000") is Code.UNAUTHORIZED


async def test_recovery_codes_work_once_and_while_others_guess(signing: Signing) -> None:
    codes = (await signing.enrol_totp()).recovery_codes
    for code in wrong_codes(signing)[: FREE_TRIES + 5]:
        await shown(signing, code)
    assert await shown(signing, signing.code()) is Code.TOOMANYREQUESTS
    assert await shown(signing, codes[0].upper().replace("-", " ")) is None
    assert await shown(signing, codes[0]) is Code.UNAUTHORIZED
    assert (await signing.factors.of("alice"))[1] == len(codes) - 1


async def test_codes_are_one_user_s(signing: Signing) -> None:
    codes = (await signing.enrol_totp()).recovery_codes
    await signing.people.add("bob")
    assert await shown(signing, codes[0], "bob") is Code.UNAUTHORIZED
    assert await shown(signing, signing.code(), "bob") is Code.UNAUTHORIZED
    assert await shown(signing, codes[0]) is None


@pytest.mark.parametrize("code", ["", "1", "x" * 100_000, "１２３４５６", "\0", "-" * 70])
async def test_anything_may_be_typed(signing: Signing, code: str) -> None:
    await signing.enrol_totp()
    assert await shown(signing, code) is Code.UNAUTHORIZED


async def test_only_a_known_passkey_is_looked_at(signing: Signing) -> None:
    authenticator = await signing.enrol_passkey()
    async with signing.people.catalog.begin() as tx:
        rows = await tx.factors.of("alice")
    proofs, challenge = signing.factors.proofs, bytes(32)
    answer = authenticator.get(proofs.options(rows, challenge))
    row, counter = proofs.passkey(rows, answer, challenge)
    assert (row.label, counter) == ("key ring", 2)
    for wrong in ({}, {**answer, "id": "other"}, {**answer, "id": None}, {**answer, "response": 1}):
        with pytest.raises(Fault) as caught:
            proofs.passkey(rows, wrong, challenge)
        assert caught.value.code is Code.UNAUTHORIZED
    with pytest.raises(Fault, match="has no passkey"):
        proofs.options([], challenge)


async def test_a_row_of_another_user_s_opens_nothing(signing: Signing) -> None:
    """Who can write to the catalog cannot give an account the factor of another."""
    await signing.enrol_totp(ALICE)
    await signing.people.add("bob")
    async with signing.people.catalog.begin(write=True) as tx:
        row = (await tx.factors.of("alice"))[0]
        await tx.factors.remove(row.id)
        moved = type(row)("bob", row.kind, row.label, row.credential, row.sealed, row.created_at)
        await tx.factors.add(moved)
    with pytest.raises(Fault) as caught:
        await shown(signing, signing.code(), "bob")
    assert caught.value.code is Code.UNAVAILABLE
