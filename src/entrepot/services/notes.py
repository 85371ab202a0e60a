"""Notes: what a face remembers of something, to show it again as it was told.

Nothing depends on one but how something is shown: whoever reads a note compares it with the thing.
"""

from collections.abc import Sequence

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock

from .auditing import Act, record
from .context import Caller

TEXT_MAX_BYTES = 64 * 1024
"""Longest note."""
NAMES_MAX = 1000
"""Most names in one call: a page of the widest list."""


class NoteService:
    """Keeps notes by kind and name."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def of(self, kind: str, names: Sequence[str]) -> dict[str, str]:
        """Return the notes of those names that have one; ValueError for more than `NAMES_MAX`."""
        if len(names) > NAMES_MAX:
            raise ValueError(f"{len(names)} names at once, of {NAMES_MAX} at most")
        async with self._catalog.begin() as tx:
            return await tx.notes.of(kind, names)

    async def put(
        self, kind: str, name: str, text: str, *, line: tuple[Caller, Act] | None = None
    ) -> None:
        """Write one, instead of what was there; an empty text removes it.

        With `line`, of who and what, it gets one in the audit log; else it goes with a
        change that has one. `Fault(REQUEST_INVALID)` for a note that is too long.
        """
        if len(text.encode()) > TEXT_MAX_BYTES:
            raise Fault(
                Code.REQUEST_INVALID,
                f"this is too much to be remembered: send less than {TEXT_MAX_BYTES} bytes",
                {"limit": TEXT_MAX_BYTES},
            )
        async with self._catalog.begin(write=True) as tx:
            if text:
                await tx.notes.put(kind, name, text)
            else:
                await tx.notes.remove(kind, name)
            if line is not None:
                caller, act = line
                await record(tx, caller, self._clock.now(), act)
