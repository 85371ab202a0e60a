"""Time and chance, so that a test or a simulation can rule them."""

from typing import Protocol


class Clock(Protocol):
    """The only source of time below the faces."""

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until cancelled."""
        ...


class Random(Protocol):
    """The only source of chance below the faces."""

    def token(self) -> str:
        """Return 32 hex characters that nobody can guess."""
        ...
