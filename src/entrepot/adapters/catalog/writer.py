"""The writing connection: transactions one by one, commits in groups.

A COMMIT waits for the disk, everything else does not. So the statements of a transaction run on
the event loop, and while one COMMIT is under way in a thread, and the connection must not be
touched, further transactions queue. They then run one after another, each in a savepoint of the
same database transaction, until nobody waits; that batch is committed whole, and only then do
their blocks return.
"""

import asyncio
import sqlite3
from collections.abc import Callable

from entrepot.ports.catalog import Busy

from .busy import when_unlocked
from .offload import Offload
from .turns import Turns

BATCH_MAX = 256
"""Most transactions that share one COMMIT."""


class Writer:
    """Owns a connection in autocommit mode; all its methods are for one event loop.

    `committed` is called on the loop after each COMMIT, before anybody is told of it.
    """

    def __init__(
        self, raw: sqlite3.Connection, offload: Offload, committed: Callable[[], None]
    ) -> None:
        self._raw = raw
        self._offload = offload
        self._committed = committed
        self._turns = Turns(self._pass_on)
        self._owner: asyncio.Task[object] | None = None
        self._joined: list[asyncio.Future[None]] | None = None
        """Who waits for the open batch to be durable; None while no batch is open."""
        self._commit_task: asyncio.Task[None] | None = None
        self._refusal = ""
        """Why nothing can be written any more."""

    async def enter(self) -> sqlite3.Connection:
        """Wait for the turn, open a savepoint and return the connection. Raises `Busy`."""
        if self._refusal:
            raise RuntimeError(self._refusal)
        task = asyncio.current_task()
        if task is not None and task is self._owner:
            raise RuntimeError("a write transaction inside another one would wait for itself")
        await self._turns.take()
        try:
            if self._joined is None:
                await self._begin()
            self._raw.execute("SAVEPOINT one")
        except BaseException as error:
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
        try:
            if error is not None:
                self._raw.execute("ROLLBACK TO one")
            self._raw.execute("RELEASE one")
        except sqlite3.Error as lost:
            # The savepoint is gone, or cannot be told from the rest: none of the batch may stay.
            self._drop(batch, error if isinstance(error, sqlite3.Error) else lost)
            self._pass_on()
            if error is None:
                raise
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
        broken, self._refusal = self._refusal, self._refusal or "the catalog is closed"
        if broken:
            return
        await self._turns.take()
        if self._joined is not None:
            await self._commit(self._joined)

    async def _begin(self) -> None:
        try:
            await when_unlocked(lambda: self._raw.execute("BEGIN IMMEDIATE"))
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
        elif len(batch) >= BATCH_MAX or not self._turns.hand_over():
            if batch:
                self._commit_task = asyncio.get_running_loop().create_task(self._commit(batch))
            else:
                self._drop(batch, None)
                self._turns.release()

    async def _commit(self, batch: list[asyncio.Future[None]]) -> None:
        try:
            await self._offload(lambda: self._raw.execute("COMMIT"))
            self._committed()
        except asyncio.CancelledError:
            # The thread may be in COMMIT still, so that nobody may touch the connection again.
            self._refusal = "the catalog's COMMIT was cancelled from outside"
            self._joined = None
            _tell(batch, RuntimeError(self._refusal))
            self._turns.refuse(lambda: RuntimeError(self._refusal))
            raise
        except Exception as error:
            # Whatever failed is told to all who wait for it.
            self._drop(batch, error)
        else:
            self._joined = None
            _tell(batch, None)
        self._turns.release()

    def _drop_if_lost(self, error: BaseException) -> None:
        """Tell the batch, if SQLite undid it by itself, as it does when the disk is full."""
        if self._joined is not None and not self._raw.in_transaction:
            self._drop(self._joined, error)

    def _drop(self, batch: list[asyncio.Future[None]], error: BaseException | None) -> None:
        self._joined = None
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")
        _tell(batch, error)


def _tell(batch: list[asyncio.Future[None]], error: BaseException | None) -> None:
    for outcome in batch:
        if outcome.done():
            continue
        if error is None:
            outcome.set_result(None)
        else:
            outcome.set_exception(_again(error))


def _again(error: BaseException) -> Exception:
    """Return the same error for one more task: tracebacks of several do not mix."""
    kind = type(error) if isinstance(error, sqlite3.Error) else RuntimeError
    copy = kind(str(error))
    copy.__cause__ = error
    return copy
