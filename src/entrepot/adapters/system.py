"""The machine's own time and chance."""

import asyncio
import secrets
import time


class SystemClock:
    """Wall-clock time."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(seconds)


class SystemRandom:
    """Chance from the operating system."""

    def token(self) -> str:
        """Return 32 hex characters."""
        return secrets.token_hex(16)
