"""Statements on schedules."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.schema import schedules

from .tools import Upsert, figure, insert_all, param

_SCHEDULE = select(*schedules.columns)
_CHANGING = ("kind", "args", "mutex", "cron", "enabled", "next_at", "last_at")


PUT = Upsert(
    lambda insert: (statement := insert_all(insert, schedules)).on_conflict_do_update(
        index_elements=["name"],
        set_={name: statement.excluded[name] for name in _CHANGING},
    )
)

FIND = _SCHEDULE.where(schedules.c.name == param("name"))

REMOVE = delete(schedules).where(schedules.c.name == param("name"))

PAGE = (
    _SCHEDULE.where(schedules.c.name > param("after"))
    .order_by(schedules.c.name)
    .limit(param("limit"))
)

DUE = (
    _SCHEDULE.where(schedules.c.enabled == figure(1), schedules.c.next_at <= param("now"))
    .order_by(schedules.c.next_at)
    .limit(param("limit"))
)

# Who sees a time that another has moved on already changes nothing.
FIRE = (
    update(schedules)
    .where(
        schedules.c.name == param("schedule_name"),
        schedules.c.next_at == param("seen_next_at"),
        schedules.c.enabled == figure(1),
    )
    .values(next_at=param("new_next_at"), last_at=param("now"))
)
