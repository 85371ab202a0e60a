"""The catalog in a SQL database; `open_catalog` is its only door."""

from .engine import open_catalog
from .prepare import CatalogUnusable

__all__ = ["CatalogUnusable", "open_catalog"]
