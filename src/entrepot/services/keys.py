"""The keys that tokens are signed with, kept sealed and taken in turns.

All processes look at the same rows and the same clock, so that they change over at one moment. A
change that cannot wait, a key dropped, is known in each of them within `LOOK_SECONDS`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.keys import KeyMint, RingKey, SigningKeyRow, SigningRing
from entrepot.ports.sealing import SealBroken, Sealer
from entrepot.rules.keyring import (
    KEYS_MAX,
    KeyTimes,
    Stage,
    dropped,
    due,
    forgets,
    rotated,
    signing,
    stage,
)

from .auditing import Act, record
from .context import Caller

LOOK_SECONDS = 5.0
"""Between two looks at whether the rows have changed."""
KIND = "signing-key"
"""What sealed keys are for: this and the key id."""
ROTATED = "key.rotated"
DROPPED = "key.dropped"
SELF = Caller("system")
_PRIVATE = b"PRIVATE KEY"


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class KeyView:
    """A signing key as operators see it; `signs` now, sealed with the master key `sealed_with`."""

    times: KeyTimes
    stage: Stage
    signs: bool
    sealed_with: str


class KeyService:
    """Keeps the signing keys, and tells the ring of them."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        sealer: Sealer,
        ring: SigningRing,
        mint: KeyMint,
        every_seconds: float = 0.0,
    ) -> None:
        """A new key takes over `every_seconds`, or only when somebody says so where that is 0."""
        self._catalog = catalog
        self._clock = clock
        self._sealer = sealer
        self._ring = ring
        self._mint = mint
        self._every_seconds = every_seconds
        self._rows: list[SigningKeyRow] = []
        self._private: frozenset[str] = frozenset()
        self._version: int | None = None

    async def load(self, legacy: bytes | None = None) -> None:
        """Fill the ring; the very first time with the key `legacy` (PEM), or with a new one.

        Of several processes that start at once, one makes it. Raises `SealBroken` for a key that
        does not open: whoever has tokens of it should not be sent away for a setting forgotten.
        """
        async with self._catalog.begin() as tx:
            rows = await tx.signing_keys.all()
        if not rows:
            async with self._catalog.begin(write=True) as tx:
                rows = await tx.signing_keys.all()
                if not rows:
                    await self._add_first(tx, legacy or self._mint.make())
        await self.refresh()

    async def refresh(self) -> bool:
        """Take over what others changed; whether that was anything. Raises `SealBroken`."""
        version = self._catalog.version()
        if version == self._version:
            return False
        async with self._catalog.begin() as tx:
            rows = await tx.signing_keys.all()
        if rows != self._rows:
            self._use(rows)
        self._version = version
        return True

    async def all(self) -> list[KeyView]:
        """Return all keys, by when they begin to sign."""
        async with self._catalog.begin() as tx:
            rows = await tx.signing_keys.all()
        now = self._clock.now()
        chosen = signing([row.times for row in rows], now)
        return [self._view(row, now, chosen) for row in rows]

    async def rotate(self, caller: Caller) -> KeyView:
        """Make the next key; it takes over once it was published for long enough.

        `Fault(CONFLICT)` while there is one already, or if there are too many old ones.
        """
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            rows = await tx.signing_keys.all()
            _check_room(rows, now)
            kid = await self._add_next(tx, rows, now)
            await record(tx, caller, now, Act(ROTATED, kid))
        await self._reload()
        return next(view for view in await self.all() if view.times.kid == kid)

    async def drop(self, kid: str, caller: Caller) -> None:
        """Believe nothing any more that this key signed, now; another one signs at once.

        `Fault(NOT_FOUND)` if there is none of this id.
        """
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            rows = await tx.signing_keys.all()
            if not await tx.signing_keys.remove(kid):
                raise Fault(
                    Code.NOT_FOUND,
                    f"there is no signing key '{kid[:80]}': list those there are",
                    {"kid": kid[:80]},
                )
            for times in dropped([row.times for row in rows], kid, now):
                await tx.signing_keys.move(times)
            left = await tx.signing_keys.all()
            if signing([row.times for row in left], now) is None:
                await self._add_next(tx, left, now)
            await record(tx, caller, now, Act(DROPPED, kid))
        await self._reload()

    async def maintain(self) -> None:
        """Do what is due: make the next key, forget private halves and keys that are over.

        Any process may, and several at once.
        """
        now = self._clock.now()
        if not self._is_work(self._rows, now):
            return
        async with self._catalog.begin(write=True) as tx:
            rows = await tx.signing_keys.all()
            for row in rows:
                if stage(row.times, now) is Stage.RETIRED:
                    await tx.signing_keys.remove(row.kid)
                elif row.kid in self._private and forgets(row.times, now):
                    await tx.signing_keys.reseal(row.kid, self._public(row))
            if due([row.times for row in rows], now, self._every_seconds):
                kid = await self._add_next(tx, rows, now)
                await record(tx, SELF, now, Act(ROTATED, kid))
        await self._reload()

    async def run(self, log: Log, *, leads: bool) -> None:
        """Look again and again until cancelled; the process that `leads` does what is due."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            try:
                await self.refresh()
                if leads:
                    await self.maintain()
            except (Busy, CatalogFailed, SealBroken) as error:
                log.warning("signing keys were not looked at", error=str(error))

    def _is_work(self, rows: list[SigningKeyRow], now: float) -> bool:
        return due([row.times for row in rows], now, self._every_seconds) or any(
            stage(row.times, now) is Stage.RETIRED
            or (row.kid in self._private and forgets(row.times, now))
            for row in rows
        )

    async def _reload(self) -> None:
        self._version = None
        await self.refresh()

    def _use(self, rows: list[SigningKeyRow]) -> None:
        keys = [
            RingKey(row.times, self._sealer.open(_purpose(row.kid), row.sealed)) for row in rows
        ]
        self._ring.use(keys)
        self._rows = rows
        self._private = frozenset(key.times.kid for key in keys if _PRIVATE in key.pem)

    async def _add_first(self, tx: Tx, pem: bytes) -> None:
        kid, now = self._mint.kid(pem), self._clock.now()
        sealed = self._sealer.seal(_purpose(kid), pem)
        await tx.signing_keys.add(SigningKeyRow(kid, sealed, now, now, None))

    async def _add_next(self, tx: Tx, rows: list[SigningKeyRow], now: float) -> str:
        pem = self._mint.make()
        *others, new = rotated([row.times for row in rows], self._mint.kid(pem), now)
        for times in others:
            await tx.signing_keys.move(times)
        sealed = self._sealer.seal(_purpose(new.kid), pem)
        row = SigningKeyRow(new.kid, sealed, new.created_at, new.activates_at, new.retires_at)
        await tx.signing_keys.add(row)
        return new.kid

    def _public(self, row: SigningKeyRow) -> bytes:
        """Return the row's key sealed without its private half."""
        purpose = _purpose(row.kid)
        pem = self._mint.public(self._sealer.open(purpose, row.sealed))
        return self._sealer.seal(purpose, pem)

    def _view(self, row: SigningKeyRow, now: float, chosen: KeyTimes | None) -> KeyView:
        is_signing = chosen is not None and chosen.kid == row.kid
        sealed_with = self._sealer.key_id(row.sealed)
        return KeyView(row.times, stage(row.times, now), is_signing, sealed_with)


def _purpose(kid: str) -> str:
    return f"{KIND}:{kid}"


def _check_room(rows: list[SigningKeyRow], now: float) -> None:
    for row in rows:
        if stage(row.times, now) is Stage.NEXT:
            raise Fault(
                Code.CONFLICT,
                f"the key {row.kid} is about to take over: wait until it has, or drop it",
                {"kid": row.kid},
            )
    if len(rows) >= KEYS_MAX:
        raise Fault(
            Code.CONFLICT,
            f"there are {len(rows)} signing keys, and may be no more: drop old ones",
            {"keys": len(rows)},
        )
