"""The writing connection: transactions one by one, commits in groups.

A COMMIT waits for the disk, everything else does not. So the statements of a transaction run on
the event loop, and while one COMMIT is under way in a thread, and the connection must not be
touched, further transactions queue. They then run one after another, each in a savepoint of the
same database transaction, until nobody waits; that batch is committed whole, and only then do
their blocks return.

Transactions that need not survive a power cut have a connection of their own, whose COMMIT leaves
the syncing to the next one of the other: it waits for nothing and is done on the event loop. They
go first, and join a batch of the others if one is open.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from entrepot.ports.catalog import Busy, CatalogFailed

from .blocks import again, tell
from .busy import when_unlocked
from .failing import failure_of
from .offload import Offload
from .turns import Turns

BATCH_MAX = 256
"""Most transactions that share one COMMIT."""

_OF_DATABASE = (sqlite3.Error, CatalogFailed)
_UNDONE = "the catalog undid this change, as an earlier part of it failed"
_UNUSABLE = "the catalog cannot undo what failed, and takes no more writes: restart the registry"


class Writer:
    """Owns a connection in autocommit mode; all its methods are for one event loop.

    `hasty` is another one to the same database that does not sync; without one every transaction
    is durable. `committed` is called on the loop after each COMMIT, before anybody is told of it.
    `admit` makes each BEGIN, when other processes let it.
    """

    def __init__(
        self,
        raw: sqlite3.Connection,
        offload: Offload,
        committed: Callable[[], None],
        *,
        hasty: sqlite3.Connection | None = None,
        admit: Callable[[Callable[[], object]], Awaitable[object]] = when_unlocked,
    ) -> None:
        self._admit = admit
        self._durable = self._raw = raw
        self._hasty = hasty
        self._offload = offload
        self._committed = committed
        self._turns = Turns(self._pass_on)
        self._owner: asyncio.Task[object] | None = None
        self._joined: list[asyncio.Future[None]] | None = None
        """Who waits for the open batch to be durable; None while no batch is open."""
        self._commit_task: asyncio.Task[None] | None = None
        self._refusal: Exception | None = None
        """Why nothing can be written any more."""
        self.failure = ""
        """How the last transaction failed, if its medium did."""

    async def enter(self, *, durable: bool = True) -> sqlite3.Connection:
        """Wait for the turn, open a savepoint and return the connection.

        Raises `Busy` or `CatalogFailed`.
        """
        if self._refusal is not None:
            raise again(self._refusal, _OF_DATABASE)
        task = asyncio.current_task()
        if task is not None and task is self._owner:
            raise RuntimeError("a write transaction inside another one would wait for itself")
        hasty = None if durable else self._hasty
        await self._turns.take(haste=hasty is not None)
        try:
            if self._joined is None:
                self._raw = hasty or self._durable
                await self._begin()
            self._raw.execute("SAVEPOINT one")
        except BaseException as error:
            self._note(error)
            self._drop_if_lost(error)
            self._pass_on()
            raise
        self._owner = task
        return self._raw

    async def leave(self, error: BaseException | None) -> None:
        """End the savepoint; return when what it did, or what it saw, is durable.

        After an error nothing of the block stays. Raises when the COMMIT of the batch failed.
        """
        batch = self._joined
        if batch is None:
            raise RuntimeError("no transaction is open")
        self._note(error)
        try:
            if error is not None:
                self._raw.execute("ROLLBACK TO one")
            self._raw.execute("RELEASE one")
        except sqlite3.Error as lost:
            # The savepoint is gone, or cannot be told from the rest: none of the batch may stay.
            self._drop(batch, error if isinstance(error, _OF_DATABASE) else lost)
            self._pass_on()
            if error is None:
                raise failure_of(lost) or CatalogFailed(_UNDONE) from lost
            return
        outcome: asyncio.Future[None] | None = None
        # A block that failed may have done so over rows of the batch that are not durable yet.
        # One that was cancelled tells nobody what it saw.
        if error is None or (batch and isinstance(error, Exception)):
            outcome = asyncio.get_running_loop().create_future()
            batch.append(outcome)
        self._pass_on()
        if outcome is not None:
            await outcome

    async def close(self) -> None:
        """Let the transactions that asked before finish, and refuse all others."""
        broken = self._refusal is not None
        self._refusal = self._refusal or RuntimeError("the catalog is closed")
        if broken:
            return
        await self._turns.take()
        if self._joined is not None:
            await self._commit(self._joined)

    async def probe(self) -> None:
        """Write a page that nobody reads. Raises `Busy` or `CatalogFailed`."""
        raw = await self.enter()
        error: BaseException | None = None
        try:
            (number,) = raw.execute("PRAGMA user_version").fetchone()
            raw.execute(f"PRAGMA user_version={1 - min(number, 1)}")
        except sqlite3.Error as caught:
            error = failure_of(caught) or caught
        await self.leave(error)
        if error is not None:
            raise error

    async def _begin(self) -> None:
        try:
            await self._admit(lambda: self._raw.execute("BEGIN IMMEDIATE"))
        except Busy as busy:
            # Those who queue have waited too, and would each wait as long again.
            message = str(busy)
            self._turns.refuse(lambda: Busy(message))
            raise
        self._joined = []

    def _pass_on(self) -> None:
        """Hand the turn to whoever waits; the last of them commits for all."""
        self._owner = None
        batch = self._joined
        if batch is None:
            self._turns.release()
        elif self._raw is self._hasty:
            if len(batch) >= BATCH_MAX or not self._turns.hand_over(haste=True):
                self._commit_here(batch)
                self._turns.release()
        elif len(batch) >= BATCH_MAX or not self._turns.hand_over():
            if batch:
                self._commit_task = asyncio.get_running_loop().create_task(self._commit(batch))
            else:
                self._drop(batch, None)
                self._turns.release()

    async def _commit(self, batch: list[asyncio.Future[None]]) -> None:
        try:
            await self._offload(self._execute_commit)
            self._committed()
        except asyncio.CancelledError:
            # The thread may be in COMMIT still, so that nobody may touch the connection again.
            self._joined = None
            self._refuse(RuntimeError("the catalog's COMMIT was cancelled from outside"), batch)
            raise
        except Exception as error:
            # Whatever failed is told to all who wait for it.
            self._note(error)
            self._drop(batch, error)
        else:
            self._joined = None
            self.failure = ""
            tell(batch, None, _OF_DATABASE)
        self._turns.release()

    def _commit_here(self, batch: list[asyncio.Future[None]]) -> None:
        try:
            self._execute_commit()
        except Exception as error:
            # As in `_commit`.
            self._note(error)
            self._drop(batch, error)
        else:
            self._joined = None
            tell(batch, None, _OF_DATABASE)

    def _drop_if_lost(self, error: BaseException) -> None:
        """Tell the batch, if SQLite undid it by itself, as it does when the disk is full."""
        if self._joined is not None and not self._raw.in_transaction:
            self._drop(self._joined, error)

    def _drop(self, batch: list[asyncio.Future[None]], error: BaseException | None) -> None:
        self._joined = None
        try:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
        except sqlite3.Error as lost:
            if self._raw.in_transaction:
                # Nobody may add to what it holds.
                self._refuse(CatalogFailed(f"{_UNUSABLE} ({lost})"), batch)
        tell(batch, error, _OF_DATABASE)

    def _execute_commit(self) -> None:
        try:
            self._raw.execute("COMMIT")
        except sqlite3.Error as error:
            failed = failure_of(error)
            if failed is None:
                raise
            raise failed from error

    def _note(self, error: BaseException | None) -> None:
        if isinstance(error, CatalogFailed):
            self.failure = str(error)

    def _refuse(self, refusal: Exception, batch: list[asyncio.Future[None]]) -> None:
        """Let nobody write any more: those of the batch, those who wait, those to come."""
        self._refusal = refusal
        tell(batch, refusal, _OF_DATABASE)
        self._turns.refuse(lambda: again(refusal, _OF_DATABASE))
