"""Transactions as blocks, and what those of one batch are told."""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from .tx import SqlTx

Kinds = tuple[type[BaseException], ...]


class ReadBlock(AbstractAsyncContextManager[SqlTx]):
    """A transaction that reads. It has no state, so one serves everybody."""

    def __init__(self, tx: SqlTx) -> None:
        self._tx = tx

    async def __aenter__(self) -> SqlTx:
        return self._tx

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


def tell(batch: list[asyncio.Future[None]], error: BaseException | None, kinds: Kinds) -> None:
    """Say to all who wait for a batch how it ended; errors not of `kinds` are RuntimeErrors."""
    for outcome in batch:
        if outcome.done():
            continue
        if error is None:
            outcome.set_result(None)
        else:
            outcome.set_exception(again(error, kinds))


def again(error: BaseException, kinds: Kinds) -> Exception:
    """Return the same error for one more task: tracebacks of several do not mix."""
    kind = type(error) if isinstance(error, kinds) else RuntimeError
    copy: Exception = kind(str(error))  # type: ignore[assignment]
    copy.__cause__ = error
    return copy
