"""Write transactions: one at a time in the whole fleet, committed in groups.

What the services decide rests on nobody else writing meanwhile, as on SQLite: whose rows are read
stay as they are until the COMMIT, events enter the outbox in the order in which they become
visible, and a blob is condemned with certainty that nothing holds it. So each database
transaction begins by taking one lock (ADR 0023).

While a replica has the lock, its transactions run one after another, each in a savepoint, until
nobody waits or `BATCH_MAX` of them did; that batch is committed whole, and only then do their
blocks return. The lock goes with the COMMIT, in the order of asking, to the next replica. What a
block has left to be done goes in one message with the next one's savepoint, or with the COMMIT:
everybody waits while a message is on its way.

A COMMIT whose answer is lost has happened or not. Each batch leaves its number in a row of this
writer; whoever has the lock next can tell from it.
"""

import asyncio
import secrets

from entrepot.adapters.catalog.blocks import again, tell
from entrepot.adapters.catalog.turns import Turns
from entrepot.ports.catalog import Busy, CatalogFailed

from .calling import Prepared
from .connecting import (
    PATIENCE_SECONDS,
    WRITING,
    Purpose,
    Raw,
    connect_again,
    drop,
    patiently,
    to_the_end,
)
from .ending import TAKE_TURN, commit, has_happened
from .failing import failure_of, is_broken

BATCH_MAX = 64
"""Most transactions of a replica that share one turn, and one COMMIT."""
TURN_SECONDS = 0.5
"""And how long a turn may be before it is handed to the next replica."""

# In one message, and the lock is there before anything is read: the snapshots of what follows are
# newer, whatever isolation the database has by default.
_ENTER = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; "
    "{take}; "
    "INSERT INTO catalog_writers (writer, batch, at) VALUES ('{writer}', {batch}, now()) "
    "ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, at = excluded.at"
)
_FORGET = "DELETE FROM catalog_writers WHERE writer = $1 OR at < now() - interval '1 day'"

_OF_CATALOG = (Busy, CatalogFailed)
CLOSE_PAUSE_SECONDS = 0.01
_UNKNOWN = (
    "the connection to the catalog broke during a COMMIT, and the server did not come back to say "
    "whether it happened"
)


class Writer:
    """Owns one connection that writes; all its methods are for one event loop."""

    def __init__(self, url: str, purpose: Purpose = WRITING) -> None:
        self._url = url
        self._purpose = purpose
        self._name = secrets.token_hex(8)
        self._number = 0
        self._raw: Raw | None = None
        self.prepared = Prepared()
        """What has a name on the connection that `enter` returned last."""
        self._turns = Turns(self._pass_on)
        self._owner: asyncio.Task[object] | None = None
        self._batch: list[asyncio.Future[None]] | None = None
        """Who waits for the open batch; None while none is open."""
        self._blocks = 0
        self._began_at = 0.0
        self._saved = False
        """Whether the block that runs, or the one before, has a savepoint."""
        self._is_fresh = False
        """Whether that is the next one's already."""
        self._commits: set[asyncio.Task[None]] = set()
        self._closed = False
        self.failure = ""
        """How the last transaction failed, if its medium did."""

    async def enter(self) -> Raw:
        """Wait for the turn and return the connection, within a transaction.

        Raises `Busy` or `CatalogFailed`.
        """
        if self._closed:
            raise RuntimeError("the catalog is closed")
        task = asyncio.current_task()
        if task is not None and task is self._owner:
            raise RuntimeError("a write transaction inside another one would wait for itself")
        await self._turns.take()
        try:
            raw = await self._begin()
        except asyncio.CancelledError:
            self._drop_if_lost()
            self._pass_on()
            raise
        except Exception as error:
            self._drop(error)
            self._pass_on()
            failure = failure_of(error)
            if failure is None:
                raise
            self._note(failure)
            raise failure from error
        self._owner = task
        return raw

    async def leave(
        self, error: BaseException | None, broken: Exception | None, left: str = ""
    ) -> None:
        """End the block's part; return when what it did, or what it saw, is durable.

        `left` is what it has yet to do. After an `error` nothing of it stays. `broken` is what the
        server or the connection failed first with. Raises when what was left, or the COMMIT of the
        batch, failed.
        """
        batch, raw = self._batch, self._raw
        if batch is None or raw is None:
            raise RuntimeError("no transaction is open")
        self._note(error)
        outcome: asyncio.Future[None] | None = None
        last, failure = "", None
        try:
            if error is not None:
                await self._undo(raw, broken)
            elif left and not self._is_last:
                error = failure = await self._do_what_is_left(raw, left)
            else:
                last = left
            # A block that failed may have done so over rows of the batch that are not durable yet.
            # One that was cancelled tells nobody what it saw.
            if error is None or (batch and isinstance(error, Exception) and self._batch is batch):
                outcome = asyncio.get_running_loop().create_future()
                batch.append(outcome)
        finally:
            self._pass_on(last)
        if outcome is not None:
            try:
                await outcome
            except CatalogFailed as failed:
                self._note(failed)
                raise
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Let the transactions that asked before finish, and refuse all others."""
        self._closed = True
        await _take_at_last(self._turns)
        if self._batch is not None:
            # They handed their turn on, and did not know to whom.
            batch, self._batch = self._batch, None
            await self._finish(batch)
        raw, self._raw = self._raw, None
        if raw is None:
            return
        try:
            await raw.execute(_FORGET, self._name)
            await raw.close(timeout=1)
        except Exception:
            # The row is removed by another replica, a day later.
            drop(raw)

    async def probe(self) -> None:
        """Write a row that nobody reads. Raises `Busy` or `CatalogFailed`."""
        await self.enter()
        await self.leave(None, None)

    # ---- one batch

    async def _begin(self) -> Raw:
        raw = self._raw
        if self._batch is not None and raw is not None:
            self._blocks += 1
            if not self._is_fresh:
                text, self._saved = _savepoint(after=self._saved), True
                await to_the_end(raw, raw.execute(text))
            self._is_fresh = False
            return raw
        try:
            raw = await patiently(self._open)
        except (Busy, CatalogFailed) as failure:
            # Those who queue have waited too, and would each wait as long again.
            refusal = failure
            self._turns.refuse(lambda: again(refusal, _OF_CATALOG))
            raise
        self._batch, self._blocks, self._saved, self._is_fresh = [], 1, False, False
        self._began_at = asyncio.get_running_loop().time()
        return raw

    async def _open(self) -> Raw:
        """Begin a database transaction, which has the lock; on a new connection if need be."""
        raw = self._raw
        if raw is None or raw.is_closed():
            raw = self._raw = await connect_again(self._url, self._purpose)
            self.prepared = Prepared()
        self._number += 1
        try:
            await raw.execute(_ENTER.format(take=TAKE_TURN, writer=self._name, batch=self._number))
        except BaseException:
            self._raw = None
            drop(raw)
            raise
        return raw

    async def _do_what_is_left(self, raw: Raw, left: str) -> Exception | None:
        """Do it, with the savepoint of the one that comes next; return what it failed with."""
        try:
            await to_the_end(raw, raw.execute(f"{left}; {_savepoint(after=self._saved)}"))
        except Exception as error:
            # It is raised once those before it in the batch are durable.
            await self._undo(raw, error)
            failure = failure_of(error)
            self._note(failure)
            return failure or error
        except BaseException:
            await self._undo(raw, None)
            raise
        self._saved = self._is_fresh = True
        return None

    async def _undo(self, raw: Raw, broken: Exception | None) -> None:
        """Take back what the block did; all of the batch, if that cannot be done."""
        if broken is not None and is_broken(broken):
            self._drop(broken)
        self._drop_if_lost()
        if self._batch is None:
            return
        try:
            text = "ROLLBACK TO SAVEPOINT one" if self._saved else "ROLLBACK"
            await to_the_end(raw, raw.execute(text))
        except Exception as lost:
            # Of the block's own error its caller hears.
            self._drop(lost)
        finally:
            self._drop_if_lost()
            if not self._saved:  # it was the first, and the whole
                self._batch = None

    @property
    def _is_last(self) -> bool:
        """Whether the block that leaves is the last of its batch, as it seems now."""
        took_seconds = asyncio.get_running_loop().time() - self._began_at
        is_full = self._blocks >= BATCH_MAX or took_seconds >= TURN_SECONDS
        return is_full or not self._turns.is_wanted

    def _pass_on(self, last: str = "") -> None:
        """Hand the turn to whoever waits; the last of them commits for all.

        With something to be done `last` nobody else gets into the batch.
        """
        self._owner = None
        batch = self._batch
        if batch is None:
            self._turns.release()
        elif last or self._is_last or not self._turns.hand_over():
            self._batch = None
            task = asyncio.get_running_loop().create_task(self._finish(batch, last))
            self._commits.add(task)
            task.add_done_callback(self._commits.discard)

    async def _finish(self, batch: list[asyncio.Future[None]], last: str = "") -> None:
        """Commit the batch, tell all who wait for it what became of it, and let the turn go.

        The one who comes last has something to be done before that.
        """
        try:
            await self._end(batch, last)
        except BaseException as error:
            self._note(error)
            tell(batch, error, _OF_CATALOG)
            if not isinstance(error, Exception):
                raise
        else:
            self.failure = ""
            tell(batch, None, _OF_CATALOG)
        finally:
            self._turns.release()

    async def _end(self, batch: list[asyncio.Future[None]], last: str) -> None:
        """Commit. Raises `Busy` if that did not happen, `CatalogFailed` if nobody knows."""
        raw = self._raw
        if raw is None:
            raise Busy("the connection to the catalog broke")
        try:
            done = await commit(raw, batch, last)
        except BaseException as error:
            self._raw = None
            drop(raw)
            if not is_broken(error) or not isinstance(error, Exception):
                raise failure_of(error) or error from error
            try:
                writer, patience_seconds = (self._name, self._number), 2 * PATIENCE_SECONDS
                is_done = await has_happened(
                    self._url, self._purpose, writer, patience_seconds=patience_seconds
                )
            except (Busy, CatalogFailed) as unknown:
                raise CatalogFailed(f"{_UNKNOWN} ({unknown})") from unknown
            if not is_done:
                raise Busy("the connection broke before the COMMIT: nothing was changed") from error
            return
        if done != "COMMIT":
            raise CatalogFailed("the catalog undid this change, as an earlier part of it failed")

    def _drop_if_lost(self) -> None:
        if self._raw is None or self._raw.is_closed():
            self._drop(Busy("the connection to the catalog broke: nothing was changed"))

    def _drop(self, error: Exception) -> None:
        """Give up the open batch with its connection: nothing of it happened."""
        batch, self._batch = self._batch, None
        raw, self._raw = self._raw, None
        if raw is not None:
            drop(raw)
        tell(
            batch or [],
            failure_of(error) or Busy("an earlier part of the transaction failed"),
            _OF_CATALOG,
        )

    def _note(self, error: BaseException | None) -> None:
        if isinstance(error, CatalogFailed):
            self.failure = str(error)


def _savepoint(*, after: bool) -> str:
    """Return what makes the next block's savepoint; there may be the one before it."""
    return "RELEASE SAVEPOINT one; SAVEPOINT one" if after else "SAVEPOINT one"


async def _take_at_last(turns: Turns) -> None:
    """Wait for the turn, also if all who wait are sent away, or too many do."""
    while True:
        try:
            await turns.take()
        except (Busy, CatalogFailed):
            await asyncio.sleep(CLOSE_PAUSE_SECONDS)
        else:
            return
