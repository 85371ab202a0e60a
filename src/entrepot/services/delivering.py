"""Deliveries on their way: sent, tried again, given up.

In order for each webhook and repository.
At least once: what a crash catches between an answer and its row is sent again. While a receiver
fails, one delivery at a time is tried; once it takes one, all that are due go at once.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock, Random
from entrepot.ports.webhooks import Delivery, Outcome, State
from entrepot.rules.notifications.retrying import DAY_SECONDS, Patience

from .fanout import FanOut
from .hookbook import Hook, HookBook
from .hooktidy import tidy
from .receivers import ERROR_MAX, Receiver
from .sending import Sender

POLL_SECONDS = 0.25
"""How long a new event may lie; a look costs some microseconds while nothing was committed."""
FAN_OUT_STEPS_MAX = 8
"""Pages of events between two looks at what is due."""
TIDY_EVERY_SECONDS = 60.0
STOP_SECONDS = 5.0
"""How long deliveries under way may take when the server stops."""
TROUBLE_SECONDS = 1.0
"""Rest after the catalog failed."""
LOOK_SECONDS = 60.0
"""How long nobody looks at a webhook for which there seems to be nothing: whatever else wrote a
delivery, it goes out in this time."""
EXPIRED = "given up: it was too old before the receiver could be reached again"


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How much is sent at once, how long it is tried, and how long the log is kept."""

    at_once: int = 32
    at_once_to_one: int = 4
    patience: Patience = field(default_factory=Patience)
    keep_seconds: float = 7 * DAY_SECONDS


class Deliverer:
    """Sends; one of it for a registry."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        *,
        book: HookBook,
        sender: Sender,
        log: Log,
        limits: DeliveryLimits | None = None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._book = book
        self._fan_out = FanOut(catalog, clock, book)
        self._sender = sender
        self._log = log
        self._limits = limits or DeliveryLimits()
        self._receivers: dict[int, Receiver] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._version: int | None = None
        self._tidy_at = 0.0

    async def run(self) -> None:
        """Work until cancelled; a turn that fails is done again."""
        while True:
            self._wake.clear()
            rest = TROUBLE_SECONDS
            try:
                rest = await self.turn()
            except (Busy, CatalogFailed) as error:
                self._version = None
                self._log.warning("webhooks wait for the catalog", cause=str(error))
            except asyncio.CancelledError:
                raise
            except Exception:
                # One bad turn must not end the deliveries of a server that runs for months.
                self._version = None
                self._log.exception("webhooks failed")
            await self._sleep(rest)

    async def stop(self) -> None:
        """Give what is under way a moment to end; the rest is sent by the next process."""
        tasks = {*self._tasks.values()}
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)
        await self._sender.close()

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait({*self._tasks.values()})

    async def turn(self) -> float:
        """Give new events out, start what is due, tidy up; return how long to rest."""
        more = await self._look()
        await self._start_due()
        now = self._clock.now()
        if now >= self._tidy_at:
            keep = self._limits.keep_seconds
            left = await tidy(self._catalog, self._clock, keep_seconds=keep)
            self._tidy_at = now if left else now + TIDY_EVERY_SECONDS
        return 0.0 if more else POLL_SECONDS

    async def _sleep(self, seconds: float) -> None:
        """Wait so long, or until a delivery has ended."""
        waits = {
            asyncio.ensure_future(self._wake.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    # What is new -------------------------------------------------------------------------------

    async def _look(self) -> bool:
        """Give out what was committed since the last look; whether there is more."""
        version = self._catalog.version()
        if version == self._version:
            return False
        async with self._catalog.begin() as tx:
            changed = await self._book.load(tx)
        if changed:
            self._know_receivers()
        more = True
        for _ in range(FAN_OUT_STEPS_MAX):
            step = await self._fan_out.step()
            for webhook_id in step.told:
                self._receivers.setdefault(webhook_id, Receiver()).look_at = 0.0
            more = step.more
            if not more:
                break
        # Our own commits make it another one again; then the next look finds nothing.
        self._version = None if more else version
        return more

    def _know_receivers(self) -> None:
        """Look at all again at once, and forget those that are gone or switched off."""
        known = {hook.id: self._receivers.get(hook.id, Receiver()) for hook in self._book.hooks}
        for receiver in known.values():
            receiver.look_at = receiver.rests_until = 0.0
        left = {key: one for key, one in self._receivers.items() if one.under_way}
        self._receivers = {**left, **known}

    # What is due -------------------------------------------------------------------------------

    async def _start_due(self) -> None:
        now = self._clock.now()
        for hook in self._book.hooks:
            receiver = self._receivers.setdefault(hook.id, Receiver())
            if receiver.look_at > now or receiver.rests_until > now:
                continue
            slots = 1 if receiver.failures else self._limits.at_once_to_one
            free = min(slots - receiver.under_way, self._limits.at_once - len(self._tasks))
            if free > 0:
                await self._start(hook, receiver, free, now)

    async def _start(self, hook: Hook, receiver: Receiver, free: int, now: float) -> None:
        """Start up to `free` deliveries to one webhook; know when to look again."""
        async with self._catalog.begin() as tx:
            found = await tx.deliveries.due(hook.id, now, free + receiver.under_way)
            later = None if found else await tx.deliveries.next_at(hook.id)
        if not found:
            again = now + LOOK_SECONDS
            receiver.look_at = again if later is None else min(later, again)
            return
        if receiver.failures and not receiver.under_way:
            found = await self._expire(found, now)
        for delivery in [one for one in found if one.id not in self._tasks][:free]:
            receiver.under_way += 1
            task = asyncio.ensure_future(self._deliver(hook, receiver, delivery))
            self._tasks[delivery.id] = task
            task.add_done_callback(partial(self._ended, delivery.id, receiver))

    def _ended(self, delivery_id: int, receiver: Receiver, _task: object) -> None:
        del self._tasks[delivery_id]
        receiver.under_way -= 1
        receiver.look_at = 0.0
        self._wake.set()

    async def _expire(self, found: list[Delivery], now: float) -> list[Delivery]:
        """Give up what is too old, without asking a receiver that is away once for each."""
        most = self._limits.patience.age_max_seconds
        old = [one for one in found if now - one.created_at >= most]
        if old:
            async with self._catalog.begin(write=True, durable=False) as tx:
                for one in old:
                    outcome = Outcome(one, State.FAILED, one.attempt, now, one.status, EXPIRED, now)
                    await tx.deliveries.settle(outcome)
            self._wake.set()
        return [one for one in found if one not in old]

    # One delivery ------------------------------------------------------------------------------

    async def _deliver(self, hook: Hook, receiver: Receiver, delivery: Delivery) -> None:
        """Send it once, and write down what became of that."""
        try:
            outcome = await self._attempt(hook, receiver, delivery)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # Whatever it is, it must not stand before all others for ever.
            self._log.exception("a delivery cannot be sent", delivery=delivery.id)
            outcome = self._given_up(delivery, f"it cannot be sent: {error!r}")
        try:
            # Not durable: what a power cut takes is sent again.
            async with self._catalog.begin(write=True, durable=False) as tx:
                await tx.deliveries.settle(outcome)
        except (Busy, CatalogFailed) as error:
            receiver.rests_until = self._clock.now() + TROUBLE_SECONDS
            self._log.warning("a delivery is sent again", delivery=delivery.id, cause=str(error))

    def _given_up(self, delivery: Delivery, why: str) -> Outcome:
        now, attempt = self._clock.now(), delivery.attempt + 1
        return Outcome(delivery, State.FAILED, attempt, now, None, why[:ERROR_MAX], now)

    async def _attempt(self, hook: Hook, receiver: Receiver, delivery: Delivery) -> Outcome:
        if hook.trouble:
            return self._given_up(delivery, hook.trouble)
        sent = await self._sender.send(hook, delivery, self._clock.now())
        failures, patience = receiver.failures, self._limits.patience
        chance = int(self._random.token()[:8], 16) / 2**32
        outcome = receiver.settle(
            delivery, sent, self._clock.now(), patience=patience, chance=chance
        )
        if outcome.state is State.FAILED:
            self._log.warning("delivery given up", webhook=hook.id, delivery=delivery.id)
        elif receiver.failures == 1 > failures:
            self._log.warning("webhook not taken", webhook=hook.id, cause=outcome.error)
        elif failures and not receiver.failures:
            self._log.info("webhook taken again", webhook=hook.id, failures=failures)
        return outcome
