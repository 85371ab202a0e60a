"""Uploads of this process by id, one object for each."""

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

RECENT_MAX = 1024
"""How many uploads that nobody holds are remembered, about 1 KiB of running hash each."""


class Named(Protocol):
    """What a table holds."""

    id: str


_N = TypeVar("_N", bound=Named)


class Table(Generic[_N]):
    """The uploads of this process by id: all that someone holds, and the most recent others.

    As long as anyone holds an upload there is no second object of its id, so that its lock is
    the only one.
    """

    def __init__(self, recent_max: int = RECENT_MAX) -> None:
        self._held: WeakValueDictionary[str, _N] = WeakValueDictionary()
        self._recent: OrderedDict[str, _N] = OrderedDict()
        self._recent_max = recent_max

    def find(self, upload_id: str) -> _N | None:
        upload = self._held.get(upload_id)
        return None if upload is None else self.keep(upload)

    def keep(self, upload: _N) -> _N:
        """Remember it as the most recent one, and return it."""
        self._held[upload.id] = upload
        self._recent[upload.id] = upload
        self._recent.move_to_end(upload.id)
        if len(self._recent) > self._recent_max:
            self._recent.popitem(last=False)
        return upload

    def forget(self, upload_id: str) -> None:
        self._held.pop(upload_id, None)
        self._recent.pop(upload_id, None)
