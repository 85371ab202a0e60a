"""How a batch of write transactions ends, and what became of a lost COMMIT."""

import asyncio

from .connecting import Purpose, Raw, connect_again, drop, patiently
from .failing import failure_of, is_broken

TURN_TABLE = "CREATE TABLE catalog_turn ( held TEXT )"
"""Nothing is in it: whoever has its lock writes."""
# Not an advisory lock: a SELECT that waits for one has a snapshot, which keeps all that the others
# leave behind meanwhile, and rows that each of them changes become slow to find.
TAKE_TURN = "LOCK TABLE catalog_turn IN EXCLUSIVE MODE"

# A timeout does not undo what waits for a standby only: the server would say that it is done.
_COMMIT = "SET LOCAL statement_timeout = 0; COMMIT"
_NOTHING = "ROLLBACK; BEGIN; COMMIT"
# What is found is written again: once that is on the standbys, so is what was found.
_LOOK = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; {TAKE_TURN}",
    "UPDATE catalog_writers SET at = now() WHERE writer = $1 RETURNING batch",
    _COMMIT,
)


async def commit(raw: Raw, batch: list[asyncio.Future[None]], last: str) -> str:
    """COMMIT, and return what the server says of it.

    The last one of the batch has `last` to be done before. If that fails, all the others are
    committed without it: it leaves the batch, and it alone is told.
    """
    if not last:
        return await raw.execute(_COMMIT)
    try:
        return await raw.execute(f"{last}; {_COMMIT}")
    except Exception as error:
        if is_broken(error) or not raw.is_in_transaction():
            raise  # it was the connection, or the COMMIT itself
        own = batch.pop()
        # Of a batch with others in it the last one has a savepoint.
        text = f"ROLLBACK TO SAVEPOINT one; {_COMMIT}" if batch else _NOTHING
        try:
            return await raw.execute(text)
        finally:
            if not own.done():
                own.set_exception(failure_of(error) or error)


async def has_happened(
    url: str, purpose: Purpose, writer: tuple[str, int], *, patience_seconds: float
) -> bool:
    """Return whether a batch, `writer` and number, was committed.

    It waits until the old connection cannot do so any more. Raises `Busy` or `CatalogFailed`.
    """
    name, number = writer

    async def look() -> int:
        raw = await connect_again(url, purpose)
        try:
            await raw.execute(_LOOK[0])
            found = await raw.fetchval(_LOOK[1], name)
            await raw.execute(_LOOK[2])
        finally:
            drop(raw)
        return found or 0

    return await patiently(look, patience_seconds=patience_seconds) == number
