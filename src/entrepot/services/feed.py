"""The outbox, read by sequence: what a reader asks for and may see of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from entrepot.ports.catalog import Busy, Catalog, Event
from entrepot.rules.notifications.notice import Notice, notice_of

PAGE_MAX = 1000
SCANNED_MAX = 1000
"""Events looked at for one page."""

Sees = Callable[[Notice], Awaitable[bool]]

_PAYLOAD = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks for; what is empty narrows nothing."""

    project: str = ""
    repository: str = ""
    kinds: frozenset[str] = frozenset()

    def holds(self, event: Event) -> bool:
        """Whether an event is asked for."""
        return (
            (not self.kinds or event.kind in self.kinds)
            and self.repository in ("", event.repository)
            and self.project in ("", event.repository.project)
        )


ALL = Asked()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events in their order; `upto` is where to go on, and `more` whether that is worth it now.

    With `lacking`, some right behind the start are not kept any more.
    """

    events: tuple[Notice, ...]
    upto: int
    more: bool
    lacking: bool = False


class FeedService:
    """Reads events."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def after(self, sequence: int, limit: int, asked: Asked, sees: Sees) -> Stretch:
        """Return up to `limit` events after one, as far as a bounded look reaches."""
        limit = min(limit, PAGE_MAX)
        async with self._catalog.begin() as tx:
            found = await tx.outbox.after(sequence, SCANNED_MAX)
            last = await tx.outbox.last() if not found else 0
        events: list[Notice] = []
        upto = sequence
        for event in found:
            if len(events) >= limit:
                break
            upto = event.sequence
            if asked.holds(event):
                notice = _notice(event)
                if await sees(notice):
                    events.append(notice)
        more = bool(found) and (upto < found[-1].sequence or len(found) == SCANNED_MAX)
        lacking = found[0].sequence > sequence + 1 if found else last > sequence
        return Stretch(tuple(events), upto if found else max(upto, last), more, lacking)

    async def last(self) -> int:
        """Return the sequence of the newest event; 0 for none."""
        async with self._catalog.begin() as tx:
            return await tx.outbox.last()

    def version(self) -> int | None:
        """Return what changes with every commit; None where that cannot be known now."""
        try:
            return self._catalog.version()
        except Busy:
            return None


def _notice(event: Event) -> Notice:
    payload = _PAYLOAD.decode(event.payload)
    return notice_of(event.sequence, event.kind, str(event.repository), payload, event.at)
