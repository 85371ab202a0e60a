"""A cache on a fast local disk before any other store of blobs.

Everything is done by the store below, and is as durable as it is there; the cache only answers
reads. A blob that it does not have is fetched once, however many ask for it at the same time;
they read what has come so far, and the last byte only when the whole was seen to have its digest.
What an earlier process left is compared with its digest before anybody gets it, so that nothing
here need be synced: `shelf` draws the directory, `rules.caching` says what stays.

A failure of the cache's own disk fails no request: readers go on from the store below.
"""

from .levels import LevelStore
from .options import ADMIT_FIRST, ADMIT_SECOND, CacheOptions
from .store import TieredStore, open_store

__all__ = ["ADMIT_FIRST", "ADMIT_SECOND", "CacheOptions", "LevelStore", "TieredStore", "open_store"]
