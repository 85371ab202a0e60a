"""The collector's first step, for tests of what must outlive it."""

from entrepot.ports.catalog import Tx
from entrepot.rules.leases import BlobRow


async def condemn_due(tx: Tx, now: float, limit: int = 100) -> list[BlobRow]:
    """Condemn, of the first `limit` rows, what nobody holds any more; return it."""
    looked = await tx.collection.due(0, now, limit)
    rows = [await tx.collection.condemn(row.generation, now) for row in looked.due]
    return [row for row in rows if row is not None]
