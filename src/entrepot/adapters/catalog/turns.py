"""A queue for the one place at the writing connection."""

import asyncio
from collections import deque
from collections.abc import Callable

from entrepot.ports.catalog import Busy

WAITING_MAX = 4096
"""Most transactions that wait for their turn; further ones are `Busy` at once."""


class Turns:
    """A lock handed over in the order of asking, whose holder can tell if anybody waits.

    Those with `haste` go before the others. `passed` is called with a turn that reached its asker
    too late: the asker was cancelled.
    """

    def __init__(self, passed: Callable[[], None]) -> None:
        self._passed = passed
        self._held = False
        self._hasty: deque[asyncio.Future[None]] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()

    async def take(self, *, haste: bool = False) -> None:
        """Wait for the turn. Raises `Busy`, or what `refuse` was given."""
        if not self._held:
            self._held = True
            return
        queue = self._hasty if haste else self._queue
        if len(queue) >= WAITING_MAX:
            raise Busy(f"{WAITING_MAX} transactions wait for the catalog already")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._passed()
            raise

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits."""
        return any(not turn.done() for queue in (self._hasty, self._queue) for turn in queue)

    def hand_over(self, *, haste: bool = False) -> bool:
        """Give the turn to the next who waits, with haste if so wished; False if there is none."""
        for queue in (self._hasty,) if haste else (self._hasty, self._queue):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return True
        return False

    def release(self) -> None:
        """Give the turn to the next, or to whoever asks first."""
        self._held = self.hand_over()

    def refuse(self, make: Callable[[], Exception]) -> None:
        """Send away all who wait, each with an error of its own."""
        for queue in (self._hasty, self._queue):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_exception(make())
