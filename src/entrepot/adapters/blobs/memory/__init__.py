"""Blobs in memory, for tests and simulation of power cuts.

`MemoryDisk` is what outlives the process, a store opened on it is the process. The store does the
same steps as the one on files, so that a power cut between two of them leaves what it would there.
Everything is deterministic; time passes only in `delay`.
"""

from .disk import Keep, MemoryDisk, keep_nothing
from .store import Delay, MemoryStore, open_store

__all__ = ["Delay", "Keep", "MemoryDisk", "MemoryStore", "keep_nothing", "open_store"]
