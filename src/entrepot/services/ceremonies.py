"""Ceremonies under way: enrolments to be confirmed, sign-ins that need more."""

import hashlib
from dataclasses import dataclass

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.factors import Factor, Kind
from entrepot.ports.sealing import SealBroken, Sealer

LIFE_SECONDS = 300.0
PER_USER_MAX = 8
"""Ceremonies of one user; the oldest is forgotten for a new one."""
TICKET_LENGTH_MAX = 64


class Matter(msgspec.Struct, frozen=True):
    """What a ceremony is about, sealed while it goes on."""

    purpose: str
    challenge: bytes
    """For passkeys: 32 bytes by chance, good for this ceremony alone."""
    label: str = ""
    secret: bytes = b""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """One under way."""

    row: Factor
    matter: Matter

    @property
    def user_name(self) -> str:
        return self.row.user_name


class Ceremonies:
    """Keeps them in the catalog, so that another process may finish what one began."""

    def __init__(self, clock: Clock, random: Random, sealer: Sealer) -> None:
        self._clock = clock
        self._random = random
        self._sealer = sealer

    async def begin(
        self, tx: Tx, user_name: str, purpose: str, *, label: str = "", secret: bytes = b""
    ) -> tuple[str, Matter]:
        """Write a new one and return its ticket, by which it is found."""
        now = self._clock.now()
        own = [row for row in await tx.factors.of(user_name) if row.kind is Kind.PENDING]
        kept = [row for row in own if self._is_alive(row, now)][1 - PER_USER_MAX :]
        for row in own:
            if row not in kept:
                await tx.factors.remove(row.id)
        ticket = self._random.token() + self._random.token()
        matter = Matter(purpose, bytes.fromhex(self._random.token() + self._random.token()))
        matter = msgspec.structs.replace(matter, label=label, secret=secret)
        sealed = seal(self._sealer, Kind.PENDING, user_name, msgspec.json.encode(matter))
        await tx.factors.add(
            Factor(user_name, Kind.PENDING, purpose, _credential(ticket), sealed, now)
        )
        return ticket, matter

    async def find(self, tx: Tx, ticket: str, purpose: str, user_name: str = "") -> Ceremony:
        """Return the ceremony of a ticket; `Fault(UNAUTHORIZED)` for none, or another's.

        With `user_name`, it must be that user's.
        """
        row = await tx.factors.find(_credential(ticket[:TICKET_LENGTH_MAX]))
        if row is None or row.kind is not Kind.PENDING or row.label != purpose:
            raise _over()
        if not self._is_alive(row, self._clock.now()) or user_name not in ("", row.user_name):
            raise _over()
        plain = unseal(self._sealer, row)
        return Ceremony(row, msgspec.json.decode(plain, type=Matter))

    async def end(self, tx: Tx, ceremony: Ceremony) -> None:
        """Remove it; `Fault(UNAUTHORIZED)` if somebody else did: it is good for one thing."""
        if not await tx.factors.remove(ceremony.row.id):
            raise _over()

    def _is_alive(self, row: Factor, now: float) -> bool:
        return 0 <= now - row.created_at <= LIFE_SECONDS


def seal(sealer: Sealer, kind: Kind, user_name: str, plain: bytes) -> bytes:
    """Return what a row keeps, bound to its kind and user: rows cannot be exchanged."""
    return sealer.seal(f"factor:{kind.value}:{user_name}", plain)


def unseal(sealer: Sealer, row: Factor) -> bytes:
    """Return what a row keeps; `Fault(UNAVAILABLE)` when its key is not here."""
    try:
        return sealer.open(f"factor:{row.kind.value}:{row.user_name}", row.sealed)
    except SealBroken as error:
        raise Fault(
            Code.UNAVAILABLE, f"the second factor of this account cannot be read: {error}"
        ) from error


def _credential(ticket: str) -> str:
    return f"pending:{hashlib.sha256(ticket.encode('utf-8', 'replace')).hexdigest()}"


def _over() -> Fault:
    return Fault(Code.UNAUTHORIZED, "this took too long, or was done already: start again")
