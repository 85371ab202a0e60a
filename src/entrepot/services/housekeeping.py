"""What the registry does by itself, again and again."""

import asyncio
from typing import Any, Protocol

from entrepot.ports.clock import Clock

from .uploads import UploadService

EVERY_SECONDS = 300.0


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


class Housekeeping:
    """Ends upload sessions that nobody continues."""

    def __init__(self, uploads: UploadService, clock: Clock, log: Log) -> None:
        self._uploads = uploads
        self._clock = clock
        self._log = log

    async def run(self) -> None:
        """Work until cancelled; a step that fails is tried again next time."""
        while True:
            try:
                ended = await self._uploads.expire()
                if ended:
                    self._log.info("uploads expired", count=ended)
            except asyncio.CancelledError:
                raise
            except Exception:
                # One bad step must not end the housekeeping of a server that runs for months.
                self._log.exception("housekeeping failed")
            await self._clock.sleep(EVERY_SECONDS)
