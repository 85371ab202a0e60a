"""Statements on numbers."""

from sqlalchemy import and_, or_, select

from entrepot.adapters.catalog.listing_keys import CHUNK
from entrepot.adapters.catalog.management_schema import numbers

from .tools import Upsert, insert_all, param

_KIND = numbers.c.kind == param("kind")

# For `name IN (...)` SQLite goes through all numbers of the kind, as its key begins with that too.
OF = select(numbers.c.name, numbers.c.number).where(
    or_(*(and_(_KIND, numbers.c.name == param(f"key{number}")) for number in range(CHUNK)))
)

NAME = select(numbers.c.name).where(_KIND, numbers.c.number == param("number"))

LAST = select(numbers.c.number).where(_KIND).order_by(numbers.c.number.desc()).limit(1)

GIVE = Upsert(lambda insert: insert_all(insert, numbers))
