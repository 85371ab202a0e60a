"""Statements of the collector."""

from sqlalchemy import and_, case, delete, exists, insert, select, tuple_, update

from entrepot.adapters.catalog.schema import blobs, edges, repository_blobs, sweeps, trash_holds
from entrepot.rules.leases import BlobState

from .tools import constant, figure, insert_all, param

_COLUMNS = (
    blobs.c.digest,
    blobs.c.generation,
    blobs.c.state,
    blobs.c.size,
    blobs.c.keep_until,
)
_CONDEMNED = blobs.c.state == constant(BlobState.CONDEMNED)

# What is cheap to know comes first: most leases are over, few of those rows are held by nobody.
_IS_UNHELD = and_(
    ~exists().where(edges.c.target == blobs.c.digest),
    ~exists().where(trash_holds.c.target == blobs.c.digest),
)
_IS_DUE = and_(
    blobs.c.state != constant(BlobState.CONDEMNED),
    blobs.c.keep_until < param("now"),
    _IS_UNHELD,
)
_IS_WAITING = and_(
    blobs.c.state == constant(BlobState.LIVE), blobs.c.keep_until >= param("now"), _IS_UNHELD
)

DUE = (
    select(*_COLUMNS, case((_IS_DUE, figure(1)), (_IS_WAITING, figure(2)), else_=figure(0)))
    .where(blobs.c.generation > param("after"))
    .order_by(blobs.c.generation)
    .limit(param("limit"))
)

CONDEMN = (
    update(blobs)
    .where(blobs.c.generation == param("generation"), _IS_DUE)
    .values(state=constant(BlobState.CONDEMNED))
    .returning(*_COLUMNS)
)

UNLINK = delete(repository_blobs).where(repository_blobs.c.digest == param("digest"))

CONDEMNED = (
    select(*_COLUMNS)
    .where(
        _CONDEMNED,
        tuple_(blobs.c.keep_until, blobs.c.generation)
        > tuple_(param("keep_until"), param("generation")),
    )
    .order_by(blobs.c.keep_until, blobs.c.generation)
    .limit(param("limit"))
)

FORGET = delete(blobs).where(
    blobs.c.digest == param("digest"), blobs.c.generation == param("generation"), _CONDEMNED
)

ASKED_AT_ONCE = 64
"""Digests that one statement asks for; those that are too many are given as NULL."""

GENERATIONS = select(blobs.c.digest, blobs.c.generation).where(
    blobs.c.digest.in_([param(f"digest_{number}") for number in range(ASKED_AT_ONCE)])
)

_HELD_HERE = exists().where(
    edges.c.target == repository_blobs.c.digest,
    edges.c.repository_id == repository_blobs.c.repository_id,
)
_LEASE_IS_OVER = exists().where(
    blobs.c.digest == repository_blobs.c.digest, blobs.c.keep_until < param("now")
)

LINKS = (
    select(
        repository_blobs.c.repository_id,
        repository_blobs.c.digest,
        case((and_(_LEASE_IS_OVER, ~_HELD_HERE), figure(1)), else_=figure(0)),
    )
    .where(
        tuple_(repository_blobs.c.repository_id, repository_blobs.c.digest)
        > tuple_(param("repository_id"), param("digest"))
    )
    .order_by(repository_blobs.c.repository_id, repository_blobs.c.digest)
    .limit(param("limit"))
)

DROP_LINK = delete(repository_blobs).where(
    repository_blobs.c.repository_id == param("repository_id"),
    repository_blobs.c.digest == param("digest"),
    _LEASE_IS_OVER,
    ~_HELD_HERE,
)

SWEPT = insert_all(insert, sweeps, "id")

SWEEPS = (
    select(*sweeps.columns)
    .where(sweeps.c.job_id == param("job_id"), sweeps.c.id > param("after"))
    .order_by(sweeps.c.id)
    .limit(param("limit"))
)

# They are written in the order of time, so that the oldest are the first.
_oldest = sweeps.alias("oldest")
PRUNE = delete(sweeps).where(
    sweeps.c.id.in_(
        select(_oldest.c.id)
        .where(_oldest.c.id > figure(0))
        .order_by(_oldest.c.id)
        .limit(param("limit"))
    ),
    sweeps.c.at < param("before"),
)
