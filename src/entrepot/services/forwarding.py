"""Passes the audit log on as it grows, each line at least once.

How far it is, is kept beside the catalog and not as a cursor of the outbox: a receiver that is away
for weeks holds back nothing but its own place. What is older than `audit.keep_days` when it comes
back was removed, and is not sent.
"""

import asyncio
from typing import Any, Protocol

from entrepot.ports.audit import AuditQuery, Place, Receiver
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.rules.auditformats import syslog

from .auditing import AuditService

EVERY_SECONDS = 1.0
STEP = 256
"""Lines sent at once."""
BACKOFF_MAX_SECONDS = 60.0


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


class Forwarder:
    """Sends lines to one receiver, as syslog messages."""

    def __init__(
        self, audit: AuditService, clock: Clock, *, receiver: Receiver, place: Place, log: Log
    ) -> None:
        self._audit = audit
        self._clock = clock
        self._receiver = receiver
        self._place = place
        self._log = log
        self._failures = 0

    async def step(self) -> int:
        """Send what is new; return how many lines. Raises as `Receiver.send` and the catalog do.

        At the very first time nothing is: what was there before is exported by hand.
        """
        sent, after = 0, await self._place.read()
        if after is None:
            after = await self._audit.last()
            await self._place.write(after)
        more = True
        while more:
            found = await self._audit.after(after, AuditQuery(), STEP)
            if not found.lines:
                break
            await self._receiver.send([syslog(line, self._audit.source) for line in found.lines])
            after, more = found.upto, found.more
            await self._place.write(after)
            sent += len(found.lines)
        return sent

    async def run(self) -> None:
        """Send again and again until cancelled; a receiver that is away is tried ever less."""
        try:
            while True:
                await self._clock.sleep(await self._attempt())
        finally:
            self._receiver.close()

    async def _attempt(self) -> float:
        """Do one step; return how long to wait before the next."""
        try:
            await self.step()
        except asyncio.CancelledError:
            raise
        except (OSError, Busy, CatalogFailed) as error:
            if not self._failures:
                cause = str(error) or type(error).__name__
                self._log.warning("audit not forwarded, tried again", cause=cause)
            self._failures += 1
            return min(EVERY_SECONDS * 2.0 ** min(self._failures, 6), BACKOFF_MAX_SECONDS)
        if self._failures:
            self._log.info("audit forwarded again", failures=self._failures)
            self._failures = 0
        return EVERY_SECONDS
