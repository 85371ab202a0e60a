"""Second factors of users: enrolled in two steps, listed, removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.factors import Factor, Kind, PasskeyRefused, Passkeys
from entrepot.ports.sealing import Sealer
from entrepot.rules.access import Identity
from entrepot.rules.otp import (
    RECOVERY_BYTES,
    RECOVERY_CODES,
    SECRET_BYTES,
    base32,
    matching_step,
    provisioning_uri,
    recovery_code,
)

from .accounts import AccountService
from .auditing import Act, record
from .ceremonies import Ceremonies, Ceremony, seal
from .context import Caller
from .governing import check_governs
from .proofs import Proofs, passkey_credential, passkey_id, recovery_credential

FACTORS_MAX = 10
"""Apps and passkeys of one user."""
LABEL_LENGTH_MAX = 64
STRONG = (Kind.TOTP, Kind.PASSKEY)
"""What makes a password not enough; recovery codes only stand in for them."""

_ENROL = {Kind.TOTP: "enrol-totp", Kind.PASSKEY: "enrol-passkey"}


@dataclass(frozen=True, slots=True)
class Me:
    """A user who changes their factors: shown by the password each time, whoever they are."""

    caller: Caller
    password: str

    @property
    def name(self) -> str:
        return self.caller.actor


@dataclass(frozen=True, slots=True)
class TotpOffer:
    """What an authenticator app is to be shown, once."""

    ticket: str
    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new factor; `recovery_codes` are shown this once, with the first one."""

    factor: Factor
    recovery_codes: tuple[str, ...]


class FactorService:
    """Keeps the second factors of accounts. `issuer` is what apps show beside the name."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        *,
        accounts: AccountService,
        sealer: Sealer,
        passkeys: Passkeys | None = None,
        issuer: str = "Entrepot",
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._accounts = accounts
        self._sealer = sealer
        self._issuer = issuer
        self.ceremonies = Ceremonies(clock, random, sealer)
        self.proofs = Proofs(clock, sealer, passkeys)

    async def kinds(self, user_name: str) -> tuple[Kind, ...]:
        """Return what kinds of second factor a user has; none where the password is enough."""
        async with self._catalog.begin() as tx:
            return kinds_of(await tx.factors.of(user_name))

    async def required(self, user: str) -> bool:
        """Whether the user's password alone is not enough.

        docker and other programs cannot ask for a code, so they use an access token. A code behind
        the password is not taken: it would be guessed along with it.
        """
        return bool(await self.kinds(user))

    async def of(self, user_name: str) -> tuple[list[Factor], int]:
        """Return a user's apps and passkeys, and how many recovery codes are left."""
        async with self._catalog.begin() as tx:
            rows = await tx.factors.of(user_name)
        return _strong(rows), sum(row.kind is Kind.RECOVERY for row in rows)

    async def begin_totp(self, me: Me, label: str) -> TotpOffer:
        """Offer a secret, good once `confirm_totp` got a code of it.

        This and the other changes raise `Fault(UNAUTHORIZED)` for a wrong password, and
        REQUEST_INVALID or CONFLICT for what cannot be.
        """
        await self._prove(me)
        text = self._random.token() + self._random.token()
        secret = bytes.fromhex(text)[:SECRET_BYTES]
        async with self._catalog.begin(write=True) as tx:
            _room(await tx.factors.of(me.name))
            ticket, _ = await self.ceremonies.begin(
                tx, me.name, _ENROL[Kind.TOTP], label=_label(label), secret=secret
            )
        uri = provisioning_uri(secret, issuer=self._issuer, account=me.name)
        return TotpOffer(ticket, base32(secret), uri)

    async def confirm_totp(self, caller: Caller, ticket: str, code: str) -> Enrolled:
        """Add the app that shows this code. A wrong one may be corrected."""
        async with self._catalog.begin(write=True) as tx:
            ceremony = await self.ceremonies.find(tx, ticket, _ENROL[Kind.TOTP], caller.actor)
            secret, now = ceremony.matter.secret, self._clock.now()
            step = matching_step(secret, code, now=now, used=-1)
            if step is None:
                raise Fault(
                    Code.REQUEST_INVALID,
                    "the code is not the one expected: type the newest, and check that the clock "
                    "of the phone is right",
                )
            # The code that confirms cannot sign in as well.
            row = self._row(ceremony, Kind.TOTP, f"totp:{ceremony.row.id}", secret, step)
            return await self._enrol(tx, ceremony, row, caller)

    async def begin_passkey(self, me: Me, label: str) -> tuple[str, dict[str, Any]]:
        """Return a ticket, and the options that the browser makes a passkey with."""
        site = self.proofs.site()
        await self._prove(me)
        async with self._catalog.begin(write=True) as tx:
            rows = await tx.factors.of(me.name)
            _room(rows)
            ticket, matter = await self.ceremonies.begin(
                tx, me.name, _ENROL[Kind.PASSKEY], label=_label(label)
            )
        known = [passkey_id(row) for row in rows if row.kind is Kind.PASSKEY]
        return ticket, site.registration_options(me.name, challenge=matter.challenge, known=known)

    async def confirm_passkey(
        self, caller: Caller, ticket: str, answer: Mapping[str, Any]
    ) -> Enrolled:
        """Add the passkey that the browser made."""
        purpose = _ENROL[Kind.PASSKEY]
        async with self._catalog.begin() as tx:
            ceremony = await self.ceremonies.find(tx, ticket, purpose, caller.actor)
        try:
            made = self.proofs.site().register(answer, challenge=ceremony.matter.challenge)
        except PasskeyRefused as error:
            raise Fault(
                Code.REQUEST_INVALID, f"the passkey was not accepted: {error}; make it again"
            ) from error
        credential = passkey_credential(made.credential_id)
        async with self._catalog.begin(write=True) as tx:
            row = self._row(ceremony, Kind.PASSKEY, credential, made.public_key, made.counter)
            return await self._enrol(tx, ceremony, row, caller)

    async def remove(self, me: Me, factor_id: int) -> None:
        """Remove an app or a passkey; with the last one, the recovery codes too."""
        await self._prove(me)
        async with self._catalog.begin(write=True) as tx:
            rows = _strong(await tx.factors.of(me.name))
            if factor_id not in {row.id for row in rows}:
                raise Fault(
                    Code.NOT_FOUND,
                    f"you have no second factor {factor_id}: list them",
                    {"id": factor_id},
                )
            if len(rows) == 1:
                await tx.factors.remove_all(me.name)
            else:
                await tx.factors.remove(factor_id)
            act = Act("factor.removed", me.name, detail={"id": factor_id})
            await record(tx, me.caller, self._clock.now(), act)

    async def renew_recovery_codes(self, me: Me) -> tuple[str, ...]:
        """Make new recovery codes, instead of those from before."""
        await self._prove(me)
        async with self._catalog.begin(write=True) as tx:
            if not kinds_of(await tx.factors.of(me.name)):
                raise Fault(
                    Code.REQUEST_INVALID,
                    "recovery codes stand in for a second factor: add one first",
                )
            await record(tx, me.caller, self._clock.now(), Act("factor.codes-renewed", me.name))
            return await self._recovery_codes(tx, me.name)

    async def reset(self, user_name: str, caller: Caller, by: Identity | None = None) -> int:
        """Remove all of a user's, for one who lost them; an administrator's act.

        `by` is who asks, None the operator; `Fault(DENIED)` for a user who holds what they lack.
        """
        async with self._catalog.begin(write=True) as tx:
            await check_governs(tx, by, user_name)
            removed = len(_strong(await tx.factors.of(user_name)))
            await tx.factors.remove_all(user_name)
            act = Act("factor.reset", user_name, detail={"removed": removed})
            await record(tx, caller, self._clock.now(), act)
        return removed

    async def _prove(self, me: Me) -> None:
        """Ask for the password again: a stolen session or token must not change factors."""
        account = await self._accounts.verify(me.name, me.password, me.caller.address)
        if account is None or account.name != me.name:
            raise Fault(Code.UNAUTHORIZED, "the password is wrong: type your own once more")

    def _row(
        self, ceremony: Ceremony, kind: Kind, credential: str, plain: bytes, counter: int
    ) -> Factor:
        name = ceremony.user_name
        sealed = seal(self._sealer, kind, name, plain)
        now = self._clock.now()
        return Factor(name, kind, ceremony.matter.label, credential, sealed, now, counter=counter)

    async def _enrol(self, tx: Tx, ceremony: Ceremony, row: Factor, caller: Caller) -> Enrolled:
        await self.ceremonies.end(tx, ceremony)
        rows = await tx.factors.of(row.user_name)
        _room(rows)
        if not await tx.factors.add(row):
            raise Fault(Code.CONFLICT, "this passkey is enrolled already: use another one")
        added = await tx.factors.find(row.credential)
        detail = {"kind": row.kind.value, "label": row.label}
        await record(tx, caller, row.created_at, Act("factor.added", row.user_name, detail=detail))
        codes: tuple[str, ...] = ()
        if not kinds_of(rows):
            codes = await self._recovery_codes(tx, row.user_name)
        return Enrolled(added or row, codes)

    async def _recovery_codes(self, tx: Tx, user_name: str) -> tuple[str, ...]:
        await tx.factors.remove_kind(user_name, Kind.RECOVERY)
        now, codes = self._clock.now(), []
        sealed = seal(self._sealer, Kind.RECOVERY, user_name, b"")
        for _ in range(RECOVERY_CODES):
            code = recovery_code(bytes.fromhex(self._random.token())[-RECOVERY_BYTES:])
            credential = recovery_credential(user_name, code)
            await tx.factors.add(Factor(user_name, Kind.RECOVERY, "", credential, sealed, now))
            codes.append(code)
        return tuple(codes)


def kinds_of(rows: list[Factor]) -> tuple[Kind, ...]:
    """Return which kinds of second factor are among a user's rows."""
    have = {row.kind for row in rows}
    return tuple(kind for kind in STRONG if kind in have)


def _strong(rows: list[Factor]) -> list[Factor]:
    return [row for row in rows if row.kind in STRONG]


def _room(rows: list[Factor]) -> None:
    if len(_strong(rows)) >= FACTORS_MAX:
        raise Fault(
            Code.CONFLICT,
            f"an account may have {FACTORS_MAX} second factors: remove one that is not used",
        )


def _label(label: str) -> str:
    plain = " ".join(label.split())
    if not 0 < len(plain) <= LABEL_LENGTH_MAX or not plain.isprintable():
        raise Fault(
            Code.REQUEST_INVALID,
            f"a second factor needs a name: up to {LABEL_LENGTH_MAX} characters, such as 'phone'",
        )
    return plain
