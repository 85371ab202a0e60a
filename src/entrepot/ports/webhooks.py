"""Webhooks, and what is on its way to them, as rows of the catalog."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom events are told. `id` is 0 until it is written."""

    id: int
    project: str
    """Whose events; empty for those of the whole registry."""
    name: str
    enabled: bool
    document: str
    """JSON text, as `rules.notifications.document` reads it."""
    sealed: bytes
    """Its secrets, as `services.hooksecrets` seals them."""
    reached: int
    """Events up to this sequence were given to it before, or were there before it was."""
    behind: int | None
    """It is given again what comes after this sequence; None while it gets what comes."""
    removed: bool
    """Gone for everybody, and its deliveries go by and by."""
    created_at: float
    changed_at: float
    changed_by: str


class State(StrEnum):
    """What became of a delivery."""

    OPEN = "open"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; somebody can have it sent again."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """An event for a webhook. `sequence` is 0 for what is sent once more, or only to try."""

    webhook_id: int
    sequence: int
    kind: str
    repository: str
    body: str
    """JSON text of the event, as `rules.notifications.notice` reads it."""
    at: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery; `sequence` is below 0 for what is sent once more, or only to try."""

    id: int
    webhook_id: int
    sequence: int
    kind: str
    repository: str
    body: str
    state: State
    attempt: int
    """How often it was tried."""
    next_at: float
    """When it is tried next; `WAITING` until another one of its repository has ended."""
    status: int | None
    """What the receiver last answered; None if it did not."""
    error: str
    created_at: float
    ended_at: float | None


WAITING = 1e18
"""A time that never comes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt: `state` is OPEN for one that is made again at `next_at`."""

    delivery: Delivery
    state: State
    attempt: int
    next_at: float
    status: int | None
    error: str
    at: float


class Webhooks(Protocol):
    """Webhooks by id. Removed ones are found by `find` and `removed` only."""

    async def add(self, row: Webhook) -> int:
        """Write a new one, whose name its project has not yet; return its id."""
        ...

    async def find(self, webhook_id: int) -> Webhook | None: ...
    async def change(self, row: Webhook) -> None:
        """Write name, enabled, document, sealed and changes of a row anew."""
        ...

    async def place(self, webhook_id: int, reached: int, behind: int | None) -> None:
        """Write which events it was given."""
        ...

    async def retire(self, webhook_id: int) -> None:
        """Remove it for everybody; its name is free again."""
        ...

    async def page(self, project: str | None, after: int, limit: int) -> list[Webhook]:
        """Return those of a project, or all, with ids above `after`."""
        ...

    async def removed(self, limit: int) -> list[int]:
        """Return ids of removed ones."""
        ...

    async def forget(self, webhook_id: int) -> None:
        """Delete the row of a removed one that has no deliveries any more."""
        ...


class Deliveries(Protocol):
    """What is told to webhooks: in order for each webhook and repository."""

    async def add(self, rows: list[NewDelivery]) -> None:
        """Write new ones, in their order; one whose sequence its webhook has already is left."""
        ...

    async def find(self, delivery_id: int) -> Delivery | None: ...
    async def due(self, webhook_id: int, now: float, limit: int) -> list[Delivery]:
        """Return open ones whose time has come, of each repository the first alone."""
        ...

    async def next_at(self, webhook_id: int) -> float | None:
        """Return when one is due at the earliest; None while none is open."""
        ...

    async def settle(self, outcome: Outcome) -> bool:
        """Write what became of an open one, and let the next of its repository be due.

        False when it was not open any more.
        """
        ...

    async def page(
        self, webhook_id: int, state: State | None, before: int | None, limit: int
    ) -> list[Delivery]:
        """Return those of a webhook with ids below `before`, newest first."""
        ...

    async def count_open(self, webhook_id: int, most: int) -> int:
        """Return how many are open, counted up to `most`."""
        ...

    async def prune(self, before: float, limit: int) -> int:
        """Delete ended ones from before then; how many."""
        ...

    async def clear(self, webhook_id: int, limit: int) -> int:
        """Delete some of a webhook, whatever their state; how many."""
        ...
