"""Statements on upload sessions."""

from sqlalchemy import delete, insert, select, update

from entrepot.adapters.catalog.schema import uploads

from .tools import insert_all, param

_ROW = select(
    uploads.c.id,
    uploads.c.repository_id,
    uploads.c.actor,
    uploads.c.algorithm,
    uploads.c.offset,
    uploads.c.started_at,
    uploads.c.expires_at,
)

ADD = insert_all(insert, uploads)

FIND = _ROW.where(uploads.c.id == param("id"))

ADVANCE = (
    update(uploads)
    .where(uploads.c.id == param("id"))
    .values(offset=param("new_offset"), expires_at=param("new_expires_at"))
)

REMOVE = delete(uploads).where(uploads.c.id == param("id"))

EXPIRED = (
    _ROW.where(uploads.c.expires_at < param("now"))
    .order_by(uploads.c.expires_at, uploads.c.id)
    .limit(param("limit"))
)
