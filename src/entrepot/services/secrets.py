"""Secrets at rest: values that others gave us, kept sealed under a name.

They are named, so that what uses them need not know how they are kept; nothing lists their values.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.keys import SealedRows, SealedValue, SecretRow
from entrepot.ports.sealing import SealBroken, Sealer

from .auditing import Act, record
from .context import Caller
from .keys import KIND as SIGNING_KEY

FACTOR = "factor"
WEBHOOK = "webhook"
KIND = "secret"
"""What sealed secrets are for: this and the name."""
STEP = 64
"""Values sealed anew in one transaction."""
BROKEN_MAX = 100
"""Most that are named of those that do not open."""
VALUE_MAX_BYTES = 32 * 1024
PUT = "secret.put"
REMOVED = "secret.removed"
RESEALED = "secret.resealed"

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9._:/@$-]{0,254}")

HOLDERS: tuple[tuple[str, Callable[[Tx], SealedRows]], ...] = (
    (FACTOR, lambda tx: tx.sealed_factors),
    (KIND, lambda tx: tx.sealed_secrets),
    (SIGNING_KEY, lambda tx: tx.signing_keys),
    (WEBHOOK, lambda tx: tx.sealed_webhooks),
)
"""All rows that hold sealed values, by what these are for; in the order of that word."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value: what it is for, and the master key it is sealed with, empty if unreadable.

    `cursor` is where to go on after it.
    """

    purpose: str
    key: str
    is_current: bool
    cursor: str


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values were sealed anew, and which do not open (the first hundred)."""

    resealed: int
    broken: tuple[str, ...]


class SecretService:
    """Keeps secrets by name, and seals all that is sealed under the newest master key."""

    def __init__(self, catalog: Catalog, clock: Clock, sealer: Sealer) -> None:
        self._catalog = catalog
        self._clock = clock
        self._sealer = sealer

    async def put(self, name: str, value: bytes, caller: Caller) -> None:
        """Keep a value under a name, instead of what was there. `Fault(REQUEST_INVALID)`."""
        if not _NAME.fullmatch(name):
            raise Fault(
                Code.REQUEST_INVALID,
                f"'{name[:80]}' cannot be a secret's name: use up to 255 letters, digits and "
                ". _ : / @ $ -, small ones first",
            )
        if not 0 < len(value) <= VALUE_MAX_BYTES:
            raise Fault(
                Code.REQUEST_INVALID, f"a secret has 1 to {VALUE_MAX_BYTES} bytes: this one has not"
            )
        sealed = self._sealer.seal(f"{KIND}:{name}", value)
        async with self._catalog.begin(write=True) as tx:
            now = self._clock.now()
            await tx.sealed_secrets.put(SecretRow(name, sealed, now))
            await record(tx, caller, now, Act(PUT, name))

    async def get(self, name: str) -> bytes | None:
        """Return the value, or None if there is none. Raises `SealBroken`."""
        async with self._catalog.begin() as tx:
            row = await tx.sealed_secrets.find(name)
        return None if row is None else self._sealer.open(f"{KIND}:{name}", row.sealed)

    async def remove(self, name: str, caller: Caller) -> bool:
        """Remove it; False when there was none."""
        async with self._catalog.begin(write=True) as tx:
            found = await tx.sealed_secrets.remove(name)
            if found:
                await record(tx, caller, self._clock.now(), Act(REMOVED, name))
        return found

    async def page(self, after: str, limit: int) -> list[Sealed]:
        """Return what is sealed behind a cursor, empty for the start: all of it, but no value.

        `Fault(REQUEST_INVALID)` for what is no cursor.
        """
        found: list[Sealed] = []
        kind_after, _, place_after = after.partition(":")
        is_number = place_after.isascii() and place_after.isdecimal() and len(place_after) <= 18
        if kind_after in (FACTOR, WEBHOOK) and not is_number:
            raise Fault(Code.REQUEST_INVALID, f"'{after[:80]}' is no cursor: use `next` of a page")
        for kind, rows in HOLDERS:
            if kind < kind_after or len(found) >= limit:
                continue
            start = place_after if kind == kind_after else ""
            async with self._catalog.begin() as tx:
                page = await rows(tx).page_sealed(start, limit - len(found))
            found += [self._told(kind, value) for value in page]
        return found

    async def reseal(self, caller: Caller) -> Resealed:
        """Seal anew what is not sealed with the newest master key, in bounded steps.

        Cut off, it goes on where it was when it is asked for again. Once it names nothing broken,
        the other master keys open nothing any more and can go.
        """
        count, broken = 0, list[str]()
        for kind, rows in HOLDERS:
            after: str | None = ""
            while after is not None:
                async with self._catalog.begin(write=True) as tx:
                    after, done = await self._step(rows(tx), kind, after, broken)
                count += done
        act = Act(RESEALED, self._sealer.current, detail={"resealed": count, "broken": len(broken)})
        async with self._catalog.begin(write=True) as tx:
            await record(tx, caller, self._clock.now(), act)
        return Resealed(count, tuple(broken[:BROKEN_MAX]))

    async def _step(
        self, rows: SealedRows, kind: str, after: str, broken: list[str]
    ) -> tuple[str | None, int]:
        """Reseal a page; return where to go on, None at the end, and how many it were."""
        page = await rows.page_sealed(after, STEP)
        count = 0
        for value in page:
            purpose = f"{kind}:{value.name}"
            try:
                if self._sealer.key_id(value.sealed) == self._sealer.current:
                    continue
                plain = self._sealer.open(purpose, value.sealed)
            except SealBroken:
                if len(broken) < BROKEN_MAX:
                    broken.append(purpose)
                continue
            await rows.reseal(value.place, self._sealer.seal(purpose, plain))
            count += 1
        return (page[-1].place if len(page) == STEP else None), count

    def _told(self, kind: str, value: SealedValue) -> Sealed:
        try:
            key = self._sealer.key_id(value.sealed)
        except SealBroken:
            key = ""
        is_current = key == self._sealer.current
        return Sealed(f"{kind}:{value.name}", key, is_current, f"{kind}:{value.place}")
