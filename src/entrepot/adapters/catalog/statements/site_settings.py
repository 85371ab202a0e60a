"""Statements on settings of the registry."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.management_schema import site_settings

from .tools import Upsert, insert_all, param

ALL = select(*site_settings.columns).order_by(site_settings.c.name)

_THIS = site_settings.c.name == param("name")

FIND = select(*site_settings.columns).where(_THIS)

PUT = Upsert(
    lambda insert: insert_all(insert, site_settings).on_conflict_do_update(
        index_elements=["name"],
        set_={name: param(name) for name in ("value", "changed_at", "changed_by")},
    )
)

REMOVE = delete(site_settings).where(_THIS)
