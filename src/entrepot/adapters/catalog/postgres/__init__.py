"""The catalog on PostgreSQL, for any number of replicas."""

from .catalog import open_postgres
from .holding import PostgresHolder

__all__ = ["PostgresHolder", "open_postgres"]
