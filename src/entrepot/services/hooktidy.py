"""Old lines of the log of deliveries go, and what is left of removed webhooks."""

from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock

STEP_ROWS = 256
STEPS_MAX = 64
"""Transactions of one call; what is left waits for the next."""


async def tidy(catalog: Catalog, clock: Clock, *, keep_seconds: float) -> bool:
    """Remove some of what is not kept any more, in short steps; whether there is more."""
    before = clock.now() - keep_seconds
    for _ in range(STEPS_MAX):
        async with catalog.begin(write=True, durable=False) as tx:
            more = await tx.deliveries.prune(before, STEP_ROWS) == STEP_ROWS
            for webhook_id in await tx.webhooks.removed(1):
                more = True
                if await tx.deliveries.clear(webhook_id, STEP_ROWS) < STEP_ROWS:
                    await tx.webhooks.forget(webhook_id)
        if not more:
            return False
        await clock.sleep(0)  # others have their turn
    return True
