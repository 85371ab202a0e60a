"""Statements of the collector."""

from sqlalchemy import delete, exists, select, update

from entrepot.adapters.catalog.schema import blobs, edges, repository_blobs
from entrepot.rules.leases import BlobState

from .tools import constant, param

_COLUMNS = (
    blobs.c.digest,
    blobs.c.generation,
    blobs.c.state,
    blobs.c.size,
    blobs.c.keep_until,
)
_CONDEMNED = blobs.c.state == constant(BlobState.CONDEMNED)

# The states are named, not excluded, so that the index on (state, keep_until) serves.
_due = blobs.alias("due")
CONDEMN = (
    update(blobs)
    .where(
        blobs.c.generation.in_(
            select(_due.c.generation)
            .where(_due.c.state.in_([constant(BlobState.ARRIVING), constant(BlobState.LIVE)]))
            .where(_due.c.keep_until < param("now"))
            .where(~exists().where(edges.c.target == _due.c.digest))
            .limit(param("limit"))
        )
    )
    .values(state=constant(BlobState.CONDEMNED))
    .returning(*_COLUMNS)
)

UNLINK = delete(repository_blobs).where(repository_blobs.c.digest == param("digest"))

CONDEMNED = select(*_COLUMNS).where(_CONDEMNED).order_by(blobs.c.generation).limit(param("limit"))

FORGET = delete(blobs).where(
    blobs.c.digest == param("digest"), blobs.c.generation == param("generation"), _CONDEMNED
)
