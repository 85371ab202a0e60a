"""What was sent to webhooks, and what somebody has sent again."""

from dataclasses import dataclass
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.webhooks import Delivery, NewDelivery, State, Webhook
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.notifications.formats import write
from entrepot.rules.notifications.notice import Notice, from_text, to_text
from entrepot.rules.notifications.site import Addressee, Site

from .auditing import Act, record
from .context import Caller
from .webhooks import HOOKS_EPOCH, document_of, found

TESTS_OPEN_MAX = 10
"""Tests that may wait at once for one webhook."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is sent again: events after one sequence, as far as the outbox has them still."""

    after: int
    upto: int
    lacking: bool
    """Whether some of them are not kept any more."""


class DeliveryService:
    """The log of deliveries, and what can be asked of it. Callers have checked that they may."""

    def __init__(self, catalog: Catalog, clock: Clock, site: Site) -> None:
        self._catalog = catalog
        self._clock = clock
        self._site = site

    async def page(
        self, webhook_id: int, state: State | None, before: int | None, limit: int
    ) -> list[Delivery]:
        """Return deliveries, newest first; `Fault(NOT_FOUND)` for no such webhook."""
        async with self._catalog.begin() as tx:
            await found(tx, webhook_id)
            return await tx.deliveries.page(webhook_id, state, before, limit)

    async def find(self, delivery_id: int) -> tuple[Delivery, Webhook]:
        """Return a delivery with its webhook, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await self._found(tx, delivery_id)

    def payload(self, delivery: Delivery, row: Webhook) -> bytes:
        """Return the body as it is sent now, but for the signature of a chat."""
        return self.written(delivery, row, document_of(row))

    def written(self, delivery: Delivery, row: Webhook, document: HookDocument) -> bytes:
        """Return the body of a delivery in a document's format."""
        notice = from_text(delivery.body)
        to = Addressee(row.id, row.project)
        return write(
            document.format, notice, self._site, to, url=document.url, secret="", now=0.0
        ).body

    async def redeliver(self, delivery_id: int, caller: Caller) -> Delivery:
        """Have an ended delivery sent once more, as a new one.

        `Fault`: NOT_FOUND; CONFLICT while it is under way.
        """
        async with self._catalog.begin(write=True) as tx:
            old, row = await self._found(tx, delivery_id)
            if old.state is State.OPEN:
                raise Fault(
                    Code.CONFLICT,
                    f"delivery {delivery_id} is under way: wait until it was delivered or given up",
                )
            _check_on(row)
            notice = from_text(old.body)
            detail: dict[str, Any] = {"delivery": delivery_id, "event": old.sequence}
            return await self._again(tx, row, notice, caller, ("webhook.redelivered", detail))

    async def test(self, webhook_id: int, caller: Caller) -> Delivery:
        """Have a test sent, beside what waits; `Fault`: NOT_FOUND, CONFLICT for too many."""
        async with self._catalog.begin(write=True) as tx:
            row = await found(tx, webhook_id)
            _check_on(row)
            waiting = await tx.deliveries.page(webhook_id, State.OPEN, None, 1000)
            if sum(one.kind == kinds.TEST for one in waiting) >= TESTS_OPEN_MAX:
                raise Fault(
                    Code.CONFLICT,
                    f"{TESTS_OPEN_MAX} tests wait already: see why nothing is taken (the log of "
                    "deliveries)",
                )
            notice = _test(row, caller, self._clock.now())
            return await self._again(tx, row, notice, caller, ("webhook.tested", {}))

    async def replay(self, webhook_id: int, after: int, caller: Caller) -> Replay:
        """Have all that it asks for sent again that came after an event, in order.

        What comes meanwhile is sent after it. `Fault`: NOT_FOUND; REQUEST_INVALID for an event that
        has not been yet.
        """
        async with self._catalog.begin(write=True) as tx:
            row = await found(tx, webhook_id)
            last = await tx.outbox.last()
            if after > last:
                raise Fault(
                    Code.REQUEST_INVALID,
                    f"there is no event {after} yet: the last one is {last}",
                    {"last": last},
                )
            first = await tx.outbox.after(after, 1)
            reached, place = row.reached, row.behind
            if place is None:
                reached = place = max(reached, await tx.cursors.find(CURSOR))
            # What it was not given yet is not left out, wherever the replay begins.
            await tx.webhooks.place(row.id, reached, min(after, place))
            await tx.epochs.advance(HOOKS_EPOCH)
            detail = {"after": after}
            act = Act("webhook.replayed", f"webhook:{row.name}", row.project, detail)
            await record(tx, caller, self._clock.now(), act)
        lacking = bool(first and first[0].sequence > after + 1) or (not first and last > after)
        return Replay(after, last, lacking)

    async def _found(self, tx: Tx, delivery_id: int) -> tuple[Delivery, Webhook]:
        delivery = await tx.deliveries.find(delivery_id)
        row = await tx.webhooks.find(delivery.webhook_id) if delivery else None
        if delivery is None or row is None or row.removed:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no delivery {delivery_id}: list those of a webhook",
                {"delivery": delivery_id},
            )
        return delivery, row

    async def _again(
        self,
        tx: Tx,
        row: Webhook,
        notice: Notice,
        caller: Caller,
        what: tuple[str, dict[str, Any]],
    ) -> Delivery:
        now = self._clock.now()
        about = notice.repository or notice.project
        await tx.deliveries.add([NewDelivery(row.id, 0, notice.kind, about, to_text(notice), now)])
        (made,) = await tx.deliveries.page(row.id, None, None, 1)
        await tx.epochs.advance(HOOKS_EPOCH)
        act = Act(what[0], f"webhook:{row.name}", row.project, what[1])
        await record(tx, caller, now, act)
        return made


CURSOR = "webhooks"
"""How far events were given to webhooks."""


def _check_on(row: Webhook) -> None:
    if not row.enabled:
        raise Fault(Code.CONFLICT, f"webhook {row.name!a} is switched off: switch it on first")


def _test(row: Webhook, caller: Caller, now: float) -> Notice:
    """Return a notice that every format can write: of an image that there is not."""
    project = row.project or "library"
    return Notice(
        0,
        kinds.TEST,
        now,
        project=project,
        repository=f"{project}/webhook-test",
        actor=caller.actor,
        client=caller.client,
        digest="sha256:" + "0" * 64,
        media_type="application/vnd.oci.image.manifest.v1+json",
        tags=("test",),
        facts={"text": "a test of this webhook: nothing has happened"},
    )
