"""Second factors put to the test: codes, taken once and slowly; passkeys."""

import base64
from collections.abc import Mapping
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Tx
from entrepot.ports.clock import Clock
from entrepot.ports.factors import Factor, Kind, Passkey, PasskeyRefused, Passkeys
from entrepot.ports.sealing import Sealer
from entrepot.rules.otp import (
    DIGITS,
    TRIES_FORGET_SECONDS,
    TRY_PAUSE_MAX_SECONDS,
    matching_step,
    pause_seconds,
    plain_code,
    recovery_digest,
)

from .ceremonies import seal, unseal

WRONG_CODE = "the code is wrong or was used already: wait for the next one"


class Proofs:
    """Says whether what somebody shows is their second factor."""

    def __init__(self, clock: Clock, sealer: Sealer, passkeys: Passkeys | None) -> None:
        self._clock = clock
        self._sealer = sealer
        self._passkeys = passkeys

    async def code(self, tx: Tx, user_name: str, code: str) -> Fault | None:
        """Take a code of an app or a recovery code; return why not, or None.

        It is returned and not raised so that the transaction is kept, and with it the count of
        wrong ones. That count is kept for the user, wherever they come from: only who has the
        password comes as far as this. Recovery codes and passkeys cannot be guessed, and work
        meanwhile.
        """
        rows = await tx.factors.of(user_name)
        plain = plain_code(code)
        if len(plain) != DIGITS or not plain.isdigit():
            return await self._recovery(tx, rows, user_name, code)
        now = self._clock.now()
        tries = next((row for row in rows if row.kind is Kind.TRIES), None)
        failures = _failures(tries, now)
        wait = (tries.used_at or now) + pause_seconds(failures) - now if tries else 0.0
        # A longer pause than there is means that the clock was set back.
        if 0 < wait <= TRY_PAUSE_MAX_SECONDS:
            return Fault(
                Code.TOOMANYREQUESTS,
                f"too many wrong codes: try again in {wait:.0f} seconds, or use a recovery code "
                "or a passkey",
                {"seconds": round(wait, 1)},
            )
        for row in rows:
            if row.kind is Kind.TOTP and await self._matches(tx, row, code):
                await tx.factors.remove_kind(user_name, Kind.TRIES)
                return None
        await self._count(tx, tries, user_name, failures + 1)
        return Fault(Code.UNAUTHORIZED, WRONG_CODE)

    async def _matches(self, tx: Tx, row: Factor, code: str) -> bool:
        now, secret = self._clock.now(), unseal(self._sealer, row)
        step = matching_step(secret, code, now=now, used=row.counter)
        if step is None:
            return False
        return await tx.factors.use(row.id, before=row.counter, after=step, now=now)

    async def _count(self, tx: Tx, tries: Factor | None, user_name: str, failures: int) -> None:
        now = self._clock.now()
        if tries is not None:
            await tx.factors.use(tries.id, before=tries.counter, after=failures, now=now)
            return
        sealed = seal(self._sealer, Kind.TRIES, user_name, b"")
        credential = f"tries:{user_name}"
        row = Factor(user_name, Kind.TRIES, "", credential, sealed, now, now, counter=failures)
        await tx.factors.add(row)

    async def _recovery(
        self, tx: Tx, rows: list[Factor], user_name: str, code: str
    ) -> Fault | None:
        credential = recovery_credential(user_name, code)
        for row in rows:
            if row.kind is Kind.RECOVERY and row.credential == credential:
                await tx.factors.remove(row.id)
                return None
        return Fault(Code.UNAUTHORIZED, WRONG_CODE)

    def options(self, rows: list[Factor], challenge: bytes) -> dict[str, Any]:
        """Return what a browser needs to ask for one of these passkeys."""
        known = [passkey_id(row) for row in rows if row.kind is Kind.PASSKEY]
        if not known:
            raise Fault(Code.REQUEST_INVALID, "this account has no passkey: use a code")
        return self.site().authentication_options(challenge=challenge, known=known)

    def passkey(
        self, rows: list[Factor], answer: Mapping[str, Any], challenge: bytes
    ) -> tuple[Factor, int]:
        """Return the passkey that signed, and its counter now; `Fault(UNAUTHORIZED)`."""
        credential = f"passkey:{answer.get('id')}"
        for row in rows:
            if row.kind is Kind.PASSKEY and row.credential == credential:
                key = Passkey(passkey_id(row), unseal(self._sealer, row), row.counter)
                try:
                    return row, self.site().authenticate(answer, challenge=challenge, passkey=key)
                except PasskeyRefused as error:
                    raise Fault(
                        Code.UNAUTHORIZED, f"the passkey was not accepted: {error}"
                    ) from error
        raise Fault(Code.UNAUTHORIZED, "this passkey is not known here: use another one, or a code")

    def site(self) -> Passkeys:
        """Return what passkeys are bound to; `Fault(UNSUPPORTED)` where that is not known."""
        if self._passkeys is None:
            raise Fault(
                Code.UNSUPPORTED,
                "passkeys belong to an address: set server.public_url to the one that users have "
                "in their browsers",
            )
        return self._passkeys


def recovery_credential(user_name: str, code: str) -> str:
    """Return what a recovery code's row is found by."""
    return f"recovery:{recovery_digest(user_name, code)}"


def passkey_credential(credential_id: bytes) -> str:
    """Return what a passkey's row is found by: its id as browsers write it."""
    return f"passkey:{base64.urlsafe_b64encode(credential_id).decode().rstrip('=')}"


def passkey_id(row: Factor) -> bytes:
    """Return the id of a passkey's row."""
    text = row.credential.partition(":")[2]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _failures(tries: Factor | None, now: float) -> int:
    if tries is None or not 0 <= now - (tries.used_at or 0.0) <= TRIES_FORGET_SECONDS:
        return 0
    return tries.counter
