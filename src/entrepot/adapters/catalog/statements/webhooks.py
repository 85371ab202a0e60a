"""Statements on webhooks."""

from sqlalchemy import delete, insert, select, update

from entrepot.adapters.catalog.management_schema import webhooks

from .tools import figure, insert_all, param

_ROW = select(*webhooks.columns)
_THIS = webhooks.c.id == param("webhook_id")
_PAGE = (
    _ROW.where(webhooks.c.removed == figure(0), webhooks.c.id > param("after"))
    .order_by(webhooks.c.id)
    .limit(param("limit"))
)

ADD = insert_all(insert, webhooks, "id").returning(webhooks.c.id)

FIND = _ROW.where(_THIS)

CHANGE = (
    update(webhooks)
    .where(_THIS)
    .values(
        {
            name: param(f"new_{name}")
            for name in ("name", "enabled", "document", "sealed", "changed_at", "changed_by")
        }
    )
)

PLACE = (
    update(webhooks).where(_THIS).values(reached=param("new_reached"), behind=param("new_behind"))
)

RETIRE = (
    update(webhooks)
    .where(_THIS)
    .values(removed=figure(1), enabled=figure(0), name=param("new_name"))
)

PAGE = _PAGE

PAGE_PROJECT = _PAGE.where(webhooks.c.project == param("project"))

REMOVED = (
    select(webhooks.c.id)
    .where(webhooks.c.removed == figure(1))
    .order_by(webhooks.c.id)
    .limit(param("limit"))
)

FORGET = delete(webhooks).where(_THIS, webhooks.c.removed == figure(1))

PAGE_SEALED = (
    select(webhooks.c.id, webhooks.c.sealed)
    .where(webhooks.c.removed == figure(0), webhooks.c.id > param("after"))
    .order_by(webhooks.c.id)
    .limit(param("limit"))
)

RESEAL = update(webhooks).where(_THIS).values(sealed=param("new_sealed"))
