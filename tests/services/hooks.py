"""Webhooks over a house, with a receiver in hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from entrepot.adapters.sealing import Keyring
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Event
from entrepot.ports.posting import Parcel, PostFailed, Receipt
from entrepot.ports.projects import Project
from entrepot.ports.webhooks import Delivery, State
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.notifications.signing import SEQUENCE
from entrepot.rules.notifications.site import Site
from entrepot.services.context import Caller
from entrepot.services.deliveries import DeliveryService
from entrepot.services.delivering import Deliverer, DeliveryLimits
from entrepot.services.events import payload
from entrepot.services.hookbook import HookBook
from entrepot.services.sending import Sender
from entrepot.services.webhooks import HookView, NewWebhook, WebhookService
from tests.services.house import APP, Counting, HandClock, House, open_house

URL = "https://hooks.example.com/x"
SITE = Site("https://registry.example.com")
ROOT = Caller("root", "test")


class Silence:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, event: str, **_facts: Any) -> None:
        self.said.append(event)

    debug = warning = exception = info


class Unlucky:
    """Chance that makes everybody wait as long as they may."""

    def token(self) -> str:
        return "f" * 32


@dataclass
class Receiver:
    """Keeps parcels; `answer` says what it answers to one, or raises `PostFailed`."""

    parcels: list[Parcel] = field(default_factory=list)
    answer: Callable[[Parcel], Receipt] = lambda _: Receipt(204, b"")
    gate: asyncio.Event | None = None
    """Set, before any answer leaves."""
    under_way: int = 0
    most: int = 0
    closed: bool = False

    async def post(self, parcel: Parcel) -> Receipt:
        self.parcels.append(parcel)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.gate is not None:
                await self.gate.wait()
            await asyncio.sleep(0)
            return self.answer(parcel)
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        self.closed = True

    @property
    def sequences(self) -> list[int]:
        """Of the events that were sent, in the order of sending."""
        return [int(parcel.headers[SEQUENCE]) for parcel in self.parcels]

    def away(self) -> None:
        """Answer nothing from now on."""

        def answer(_: Parcel) -> Receipt:
            raise PostFailed("nobody listens")

        self.answer = answer

    def says(self, status: int, retry_after: str = "") -> None:
        """Answer so from now on."""
        self.answer = lambda _: Receipt(status, b"words", retry_after)


@dataclass
class Post:
    """A house that tells others."""

    house: House
    hooks: WebhookService
    log: DeliveryService
    receiver: Receiver
    deliverer: Deliverer
    sealer: Keyring
    said: Silence

    @property
    def catalog(self) -> Catalog:
        return self.house.catalog

    @property
    def clock(self) -> HandClock:
        return self.house.clock

    async def hook(self, name: str = "it", project: str = "", **document: Any) -> HookView:
        made, _ = await self.hooks.create(
            NewWebhook(name, project, HookDocument(document.pop("url", URL), **document)), ROOT
        )
        return made

    async def tell(
        self, count: int = 1, name: RepositoryName = APP, kind: str = "tag.moved", **facts: Any
    ) -> None:
        """Write events."""
        async with self.catalog.begin(write=True) as tx:
            for number in range(count):
                text = payload(ROOT, tags=[Tag(f"t{number}")], **facts)
                await tx.outbox.append(Event(kind, name, text, self.clock.now()))

    async def found(self, project: str) -> None:
        async with self.catalog.begin(write=True) as tx:
            assert await tx.projects.add(Project(project, False, (), 0.0, ""))

    async def work(self, turns: int = 1) -> None:
        """Let the deliverer do its turns, each to its end."""
        for _ in range(turns):
            await self.deliverer.turn()
            await self.deliverer.idle()

    async def drain(self, turns: int = 1000) -> None:
        """Work until nothing is open, a second passing in each turn."""
        for _ in range(turns):
            await self.work()
            async with self.catalog.begin() as tx:
                rows = await tx.webhooks.page(None, 0, 10)
                found = [await tx.deliveries.count_open(row.id, 1) for row in rows]
            if not any(found) and not any(row.behind for row in rows):
                return
            self.clock.seconds += 1.0
        raise AssertionError("it does not end")

    async def deliveries(self, hook: HookView, state: State | None = None) -> list[Delivery]:
        """Return what the log has, oldest first."""
        async with self.catalog.begin() as tx:
            return (await tx.deliveries.page(hook.row.id, state, None, 10_000))[::-1]

    def again(self, limits: DeliveryLimits | None = None) -> Deliverer:
        """Return another deliverer, as the next process has."""
        self.deliverer = Deliverer(
            self.catalog,
            self.clock,
            Unlucky(),
            book=HookBook(self.sealer),
            sender=Sender(self.receiver, SITE),
            log=self.said,
            limits=limits,
        )
        return self.deliverer

    def body(self, at: int = -1) -> Any:
        return msgspec.json.decode(self.receiver.parcels[at].body)


@asynccontextmanager
async def open_post() -> AsyncIterator[Post]:
    """Yield a house with nothing in it and a receiver that takes all."""
    # What is told here did not happen: the house is not checked against it.
    async with open_house(check=False) as house:
        sealer = Keyring({"test": bytes(32)})
        hooks = WebhookService(house.catalog, house.clock, Counting(), sealer=sealer)
        log = DeliveryService(house.catalog, house.clock, SITE)
        post = Post(house, hooks, log, Receiver(), None, sealer, Silence())  # type: ignore[arg-type]
        post.again()
        try:
            yield post
        finally:
            await post.deliverer.stop()
