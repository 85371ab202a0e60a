"""From the outbox to deliveries: each event once for each webhook that wants it.

A cursor says how far the outbox was given out; it moves in the transaction that writes the
deliveries. A webhook that is to get events again, or whose queue is full, has a place of its own
and catches up from there: what comes meanwhile waits in the outbox, so that the order holds.
"""

from dataclasses import dataclass, field

import msgspec

from entrepot.ports.catalog import Catalog, Event, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.webhooks import NewDelivery
from entrepot.rules.notifications.document import concerns
from entrepot.rules.notifications.notice import Notice, notice_of, to_text

from .deliveries import CURSOR
from .hookbook import Hook, HookBook

PAGE = 256
"""Events read at once."""
ROWS_MAX = 256
"""Deliveries written in one transaction, about: those of an event are written together."""
OPEN_MAX = 10_000
"""Open deliveries of one webhook; what comes on top waits in the outbox."""
IDLE_EVENTS = 1000
"""How far the cursor may stay behind while there is nobody to tell."""

_PAYLOAD = msgspec.json.Decoder(dict[str, object])


@dataclass(slots=True)
class Step:
    """What one step has done."""

    told: set[int] = field(default_factory=set)
    """Webhooks that have new deliveries."""
    more: bool = False


class FanOut:
    """Gives events out; one of it for a registry."""

    def __init__(
        self, catalog: Catalog, clock: Clock, book: HookBook, *, open_max: int = OPEN_MAX
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._book = book
        self._open_max = open_max

    async def step(self) -> Step:
        """Give out a page of events, and a page to each that catches up."""
        async with self._catalog.begin() as tx:
            await self._book.load(tx)
            place = await tx.cursors.find(CURSOR)
            events = await tx.outbox.after(place, PAGE)
            last = await tx.outbox.last()
        step = Step()
        try:
            if any(hook.row.behind is None for hook in self._book.hooks):
                if events:
                    await self._give(events, step)
            else:
                await self._skip(place, last)
            for hook in [one for one in self._book.hooks if one.row.behind is not None]:
                await self._catch_up(hook.id, step)
        except BaseException:
            # It may know of what was undone.
            self._book.forget()
            raise
        return step

    async def _skip(self, place: int, last: int) -> None:
        """Move the cursor where nobody follows it; those that catch up look at it, too."""
        if last > place and (any(self._book.hooks) or last - place >= IDLE_EVENTS):
            async with self._catalog.begin(write=True, durable=False) as tx:
                # One that came between the reads before is to be told of what came after it.
                await self._book.load(tx)
                if all(hook.row.behind is not None for hook in self._book.hooks):
                    await tx.cursors.move(CURSOR, last)

    async def _give(self, events: list[Event], step: Step) -> None:
        """Write the deliveries of events in their order, as many as one transaction may."""
        # Not durable: what a power cut takes goes with the cursor, and is given out again.
        async with self._catalog.begin(write=True, durable=False) as tx:
            await self._book.load(tx)
            page, place = self._page(tx), 0
            for event in events:
                if page.is_full:
                    break
                for hook in self._book.concerned(event.repository):
                    if hook.row.behind is None and event.sequence > hook.row.reached:
                        await page.offer(hook, event, event.sequence)
                place = event.sequence
            await page.write(step)
            await tx.cursors.move(CURSOR, place)
        step.more = step.more or place < events[-1].sequence or len(events) == PAGE

    async def _catch_up(self, webhook_id: int, step: Step) -> None:
        """Write a page of what one webhook has before it, until it has caught up."""
        async with self._catalog.begin(write=True, durable=False) as tx:
            await self._book.load(tx)
            hook = self._book.hook(webhook_id)
            behind = hook.row.behind if hook is not None else None
            if hook is None or behind is None:
                return
            if await tx.deliveries.count_open(hook.id, self._open_max) >= self._open_max:
                return
            place, page = await tx.cursors.find(CURSOR), self._page(tx)
            events = [one for one in await tx.outbox.after(behind, PAGE) if one.sequence <= place]
            more = len(events) == PAGE
            for event in events:
                if page.is_full:
                    more = True
                    break
                if concerns(hook.row.project, event.repository):
                    is_new = event.sequence > hook.row.reached
                    await page.offer(hook, event, event.sequence if is_new else 0)
                behind = event.sequence
            await page.write(step)
            reached = max(hook.row.reached, behind if more else place)
            await self._book.place(tx, hook, reached, behind if more else None)
        step.more = step.more or more

    def _page(self, tx: Tx) -> "_Page":
        return _Page(tx, self._book, self._clock.now(), self._open_max)


class _Page:
    """The deliveries of one transaction."""

    def __init__(self, tx: Tx, book: HookBook, now: float, open_max: int) -> None:
        self._tx = tx
        self._book = book
        self._now = now
        self._open_max = open_max
        self._rows: list[NewDelivery] = []
        self._room: dict[int, bool] = {}
        self._public: dict[str, bool] = {}
        self._notice: Notice | None = None

    @property
    def is_full(self) -> bool:
        return len(self._rows) >= ROWS_MAX

    async def offer(self, hook: Hook, event: Event, sequence: int) -> None:
        """Add the delivery of an event, if the webhook wants it."""
        if not hook.document.asks_for(event.kind):
            return
        notice = await self._told(event)
        if hook.document.wants(notice) and await self._has_room(hook, event):
            about, text = event.repository, to_text(notice)
            row = NewDelivery(hook.id, sequence, event.kind, about, text, self._now)
            self._rows.append(row)

    async def write(self, step: Step) -> None:
        await self._tx.deliveries.add(self._rows)
        step.told.update(row.webhook_id for row in self._rows)

    async def _has_room(self, hook: Hook, event: Event) -> bool:
        """Whether one more may wait; else the webhook catches up from here once it can."""
        known = self._room.get(hook.id)
        if known is None:
            many = await self._tx.deliveries.count_open(hook.id, self._open_max)
            known = self._room[hook.id] = many < self._open_max
            if not known and hook.row.behind is None:
                before = event.sequence - 1
                await self._book.place(self._tx, hook, max(hook.row.reached, before), before)
        return known

    async def _told(self, event: Event) -> Notice:
        """Return the notice of an event; of the last one it is known."""
        if self._notice is None or self._notice.sequence != event.sequence:
            payload = _PAYLOAD.decode(event.payload)
            made = notice_of(event.sequence, event.kind, str(event.repository), payload, event.at)
            public = await self._is_public(made.project)
            self._notice = msgspec.structs.replace(made, public=public)
        return self._notice

    async def _is_public(self, project: str) -> bool:
        if project not in self._public:
            found = await self._tx.projects.find(project) if project else None
            self._public[project] = found is not None and found.public
        return self._public[project]
