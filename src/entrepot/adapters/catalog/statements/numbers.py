"""Statements on numbers."""

from sqlalchemy import select

from entrepot.adapters.catalog.management_schema import numbers

from .finding import one_of
from .tools import Upsert, insert_all, param

_KIND = numbers.c.kind == param("kind")

OF = select(numbers.c.name, numbers.c.number).where(one_of(numbers.c.name, of=numbers.c.kind))

NAME = select(numbers.c.name).where(_KIND, numbers.c.number == param("number"))

LAST = select(numbers.c.number).where(_KIND).order_by(numbers.c.number.desc()).limit(1)

GIVE = Upsert(lambda insert: insert_all(insert, numbers))
