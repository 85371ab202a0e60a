"""Idempotency keys: what is asked for twice with one key is done once.

An answer is kept a day, sealed where it holds a secret. It is written after the change's own
transaction: a crash in between leaves a key under way, which ends by itself, and what is then sent
again is done again. A refused request changed nothing, so that nothing is kept of it.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.idempotency import UNDER_WAY, KeptAnswer
from entrepot.ports.sealing import SealBroken, Sealer

KEEP_SECONDS = 86400.0
UNDER_WAY_SECONDS = 120.0
"""After this a request that never ended is taken for dead."""
KEPT_MAX = 20_000
"""Beyond this the oldest answers are forgotten before their time."""
BODY_MAX_BYTES = 256 * 1024
"""Larger answers are not kept, and their request is refused when it comes again."""
PRUNE_STEP = 16
"""Answers forgotten with each one that is begun: more than come, so that they get fewer."""
PURPOSE = "answer"
REQUEST = "request"
TOO_LARGE = -1
"""The status of an answer that is not kept."""
_SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a caller chose it; `owner` is who they are and what they showed."""

    owner: str
    text: str
    request: bytes
    """All that makes the request what it is."""

    @property
    def key_hash(self) -> str:
        return sha256(f"{len(self.owner)}:{self.owner}{self.text}".encode()).hexdigest()

    @property
    def request_hash(self) -> bytes:
        """Of what may have a password in it: nobody guesses it without the key's text."""
        return hmac.digest(self.text.encode(), self.request, "sha256")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """A request under way, until it is finished or dropped."""

    key: Key
    until: float


class IdempotencyService:
    """Keeps answers by the keys of their requests; without a `sealer` none that is a secret."""

    def __init__(self, catalog: Catalog, clock: Clock, sealer: Sealer | None = None) -> None:
        self._catalog = catalog
        self._clock = clock
        self._sealer = sealer

    @property
    def seals(self) -> bool:
        """Whether answers that hold secrets can be kept."""
        return self._sealer is not None

    async def begin(self, key: Key) -> Begun | Answered:
        """Return what was answered to this request, or take the key for it.

        `Fault`: KEY_REUSED when it came with another request, CONFLICT while one is under way.
        """
        now = self._clock.now()
        until = now + UNDER_WAY_SECONDS
        async with self._catalog.begin(write=True) as tx:
            await tx.idempotency.prune(now, PRUNE_STEP)
            found = await tx.idempotency.find(key.key_hash)
            if found is not None and found.expires_at >= now:
                return self._again(key, found)
            if await tx.idempotency.count(KEPT_MAX) >= KEPT_MAX:
                await tx.idempotency.prune(now + KEEP_SECONDS, PRUNE_STEP)
            row = KeptAnswer(key.key_hash, self._kept_request(key), UNDER_WAY, "{}", b"", until)
            await tx.idempotency.put(row)
        return Begun(key, until)

    async def finish(self, begun: Begun, answered: Answered, *, secret: bool = False) -> None:
        """Keep the answer of a request that was begun; `secret` if nobody may read it at rest."""
        key, headers, body = begun.key, dict(answered.headers), answered.body
        if len(body) > BODY_MAX_BYTES:
            answered, body = Answered(TOO_LARGE, {}, b""), b""
        if secret and body:
            if self._sealer is None:
                raise ValueError("without a sealer no secret can be kept")
            body = self._sealer.seal(f"{PURPOSE}:{key.key_hash}", body)
            headers[_SEALED] = "true"
        row = KeptAnswer(
            key.key_hash,
            self._kept_request(key),
            answered.status,
            msgspec.json.encode(headers).decode(),
            body,
            self._clock.now() + KEEP_SECONDS,
        )
        async with self._catalog.begin(write=True) as tx:
            await tx.idempotency.finish(row, begun.until)

    async def drop(self, begun: Begun) -> None:
        """Forget a request that was refused: it changed nothing, and may come again."""
        async with self._catalog.begin(write=True) as tx:
            await tx.idempotency.drop(begun.key.key_hash, begun.until)

    def _again(self, key: Key, found: KeptAnswer) -> Answered:
        if not self._is_same(key, found):
            raise Fault(
                Code.KEY_REUSED,
                "this Idempotency-Key came with another request before: choose a new key for "
                "each request, and send the same key only with the same request",
            )
        if found.status == UNDER_WAY:
            raise Fault(
                Code.CONFLICT,
                "a request with this Idempotency-Key is under way: wait for its answer, or ask "
                "again in a moment",
            )
        if found.status == TOO_LARGE:
            raise Fault(
                Code.CONFLICT,
                "this request was done, but its answer was too large to be kept: look at what it "
                "made, and send what else is wanted with a new Idempotency-Key",
            )
        headers = msgspec.json.decode(found.headers, type=dict[str, str])
        body = found.body
        if headers.pop(_SEALED, None):
            body = self._opened(f"{PURPOSE}:{key.key_hash}", body)
        return Answered(found.status, headers, body)

    def _kept_request(self, key: Key) -> str:
        """Return what the request is told by later: sealed, as keys may be easily guessed."""
        if self._sealer is None:
            return key.request_hash.hex()
        return self._sealer.seal(f"{REQUEST}:{key.key_hash}", key.request_hash).hex()

    def _is_same(self, key: Key, found: KeptAnswer) -> bool:
        kept = bytes.fromhex(found.request_hash)
        if len(kept) > len(key.request_hash):
            kept = self._opened(f"{REQUEST}:{key.key_hash}", kept)
        return hmac.compare_digest(kept, key.request_hash)

    def _opened(self, purpose: str, sealed: bytes) -> bytes:
        try:
            if self._sealer is None:
                raise SealBroken("there are no master keys")
            return self._sealer.open(purpose, sealed)
        except SealBroken as error:
            raise Fault(
                Code.CONFLICT,
                "this request was done, but its answer cannot be opened any more: look at what it "
                "made, and send what else is wanted with a new Idempotency-Key",
            ) from error
