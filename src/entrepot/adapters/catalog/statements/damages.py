"""Statements on damages."""

from sqlalchemy import and_, exists, insert, select, update

from entrepot.adapters.catalog.schema import blobs, damages
from entrepot.rules.leases import BlobState

from .tools import constant, insert_all, param

_OPEN = damages.c.healed_at.is_(None)

REPORT = insert_all(insert, damages, "id", "healed_at")

KNOWN = (
    select(damages.c.id)
    .where(
        damages.c.digest == param("digest"),
        damages.c.generation == param("generation"),
        _OPEN,
    )
    .limit(1)
)

HEAL = (
    update(damages).where(damages.c.digest == param("digest"), _OPEN).values(healed_at=param("now"))
)

_waiting = exists().where(
    and_(
        blobs.c.digest == damages.c.digest,
        blobs.c.generation == damages.c.generation,
        blobs.c.state == constant(BlobState.ARRIVING),
    )
)
_PAGE = (
    select(*damages.columns)
    .where(damages.c.id > param("after"))
    .order_by(damages.c.id)
    .limit(param("limit"))
)

OPEN = _PAGE.where(_OPEN, _waiting)

PAGE = _PAGE
