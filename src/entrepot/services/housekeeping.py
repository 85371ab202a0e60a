"""What the registry does by itself, again and again."""

import asyncio
from typing import Any, Protocol

from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.ports.clock import Clock

from .uploads import UploadService

EVERY_SECONDS = 300.0
SWEEP_SECONDS = 86400.0


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


class Housekeeping:
    """Ends upload sessions that nobody continues.

    It also `sweeps` bytes that no session owns, where no moment is without uploads: the store then
    tells of those only that nobody has touched for long.
    """

    def __init__(
        self, uploads: UploadService, clock: Clock, log: Log, *, sweeps: bool = False
    ) -> None:
        self._uploads = uploads
        self._clock = clock
        self._log = log
        self._sweeps = sweeps
        self._swept_at = float("-inf")

    async def run(self) -> None:
        """Work until cancelled; a step that fails is tried again next time."""
        while True:
            try:
                ended = await self._uploads.expire()
                if ended:
                    self._log.info("uploads expired", count=ended)
                if self._sweeps and self._clock.now() - self._swept_at >= SWEEP_SECONDS:
                    self._swept_at = self._clock.now()
                    swept = await self._uploads.sweep()
                    self._log.info("uploads swept", count=swept)
            except asyncio.CancelledError:
                raise
            except (Busy, CatalogFailed, OSError) as error:
                cause = str(error) or type(error).__name__
                self._log.warning("housekeeping failed", cause=cause)
            except Exception:
                # One bad step must not end the housekeeping of a server that runs for months.
                self._log.exception("housekeeping failed")
            await self._clock.sleep(EVERY_SECONDS)
