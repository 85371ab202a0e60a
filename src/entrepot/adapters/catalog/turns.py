"""A queue for the one place at the writing connection."""

import asyncio
from collections import deque
from collections.abc import Callable

from entrepot.ports.catalog import Busy

WAITING_MAX = 4096
"""Most transactions that wait for their turn; further ones are `Busy` at once."""


class Turns:
    """A lock handed over in the order of asking, whose holder can tell if anybody waits.

    `passed` is called with a turn that reached its asker too late: the asker was cancelled.
    """

    def __init__(self, passed: Callable[[], None]) -> None:
        self._passed = passed
        self._held = False
        self._queue: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for the turn. Raises `Busy`, or what `refuse` was given."""
        if not self._held:
            self._held = True
            return
        if len(self._queue) >= WAITING_MAX:
            raise Busy(f"{WAITING_MAX} transactions wait for the catalog already")
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._passed()
            raise

    def hand_over(self) -> bool:
        """Give the turn to the next in the queue; False if nobody waits and it stays."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return True
        return False

    def release(self) -> None:
        """Give the turn to the next, or to whoever asks first."""
        self._held = self.hand_over()

    def refuse(self, make: Callable[[], Exception]) -> None:
        """Send away all who wait, each with an error of its own."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_exception(make())
