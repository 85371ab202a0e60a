"""The audit log beside what is served: refusals are written, lines are passed on."""

import contextlib
from pathlib import Path

from entrepot.adapters.logging import Log
from entrepot.adapters.syslog import CursorFile, SyslogReceiver
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.services.auditplace import NotedPlace
from entrepot.services.forwarding import Forwarder
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.outside import Outside

from .beside import start_beside
from .duties import start_duty

CURSOR = "audit-syslog.cursor"


def start_audit(
    settings: Settings,
    outside: Outside,
    house: House,
    log: Log,
    *,
    stack: contextlib.AsyncExitStack,
    leads: bool = True,
) -> None:
    """Work until `stack` is left; of several processes the one that `leads` passes lines on."""
    trail = house.registry.trail
    if trail is not None:

        async def last() -> None:
            try:
                await trail.close()
            except (Busy, CatalogFailed) as error:
                log.warning("refusals of the last second are not written", cause=str(error))

        stack.push_async_callback(last)
        start_beside("audit of refusals", lambda: trail.run(log), log, stack)
    given = settings.audit
    if not given.syslog or not leads:
        return
    is_alone = outside.storage is None or outside.storage.is_embedded

    async def forward() -> None:
        forwarder = Forwarder(
            house.audit,
            outside.clock,
            receiver=SyslogReceiver(given.syslog, ca_file=given.syslog_ca),
            place=CursorFile(Path(settings.storage.data) / CURSOR)
            if is_alone
            else NotedPlace(outside.catalog),
            log=log,
        )
        await forwarder.run()

    start_duty("audit", forward, outside, log, stack)
