"""What a cache of blobs tells of itself."""

from dataclasses import dataclass


@dataclass(slots=True)
class CacheFigures:
    """Counts since the start of the process, and what the cache holds now.

    A cache counts in one of its own, on the event loop only, and shows copies.
    A reading is counted once, as a hit, a miss or straight: `straight` are ranges and blobs that
    the cache let pass, `joined` are those of the misses that took part in a fetch under way.
    """

    hits: int = 0
    misses: int = 0
    joined: int = 0
    straight: int = 0
    hit_bytes: int = 0
    miss_bytes: int = 0
    straight_bytes: int = 0
    fills: int = 0
    """Blobs fetched whole, verified and kept."""
    filled_bytes: int = 0
    failed_fills: int = 0
    kept: int = 0
    """Blobs kept as they were pushed."""
    kept_bytes: int = 0
    evictions: int = 0
    evicted_bytes: int = 0
    corrupt: int = 0
    """Files of the cache whose bytes were not right any more; they were dropped."""
    filling: int = 0
    """Fetches under way."""
    blobs: int = 0
    used_bytes: int = 0
    size_max_bytes: int = 0
