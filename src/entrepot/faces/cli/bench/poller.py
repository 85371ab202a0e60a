"""`select.epoll`, or `select.poll` where there is none, under one face."""

import select
import sys
from typing import Protocol

# The same for epoll and poll.
READABLE, WRITABLE = select.POLLIN, select.POLLOUT


class Poller(Protocol):
    """What is used of `select.epoll`."""

    def register(self, fd: int, mask: int, /) -> None: ...
    def modify(self, fd: int, mask: int, /) -> None: ...
    def unregister(self, fd: int, /) -> None: ...
    def poll(self, seconds: float, /) -> list[tuple[int, int]]: ...
    def close(self) -> None: ...


class _Poll:
    """`select.poll` with the clock of `select.epoll`."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        return self._poll.poll(seconds * 1000)

    def close(self) -> None:
        """Nothing to be freed."""


def poller() -> Poller:
    """Return the fastest that this system has."""
    return select.epoll() if sys.platform == "linux" else _Poll()
