"""What all connections of a server share."""

import asyncio
import logging
from typing import Protocol

from uvicorn.server import ServerState

from entrepot.rules.certificates import NameIn

from .hooks import Hooks, tell
from .limits import AddressBook, ServerLimits
from .refusal import ADDRESS_FULL, SERVER_FULL, Refusal
from .threads import DrainThreads

logger = logging.getLogger("entrepot.server")

REFUSED_MAX = 64
"""Connections beyond `connections_max` that are told so; those beyond are dropped."""


class Tenant(Protocol):
    """A connection as the server sees it."""

    def tick(self, now: float) -> None:
        """Look at the deadlines; `now` is the loop's time."""
        ...

    def shutdown(self) -> None:
        """Close when no request is under way; else `Edge.stopping` closes after the response."""
        ...

    def cut(self) -> None:
        """Reset the connection."""
        ...


class Edge(ServerState):
    """Limits, observers, drain threads and the open connections of one server."""

    names_in: NameIn | None = None
    """Where client certificates have the name of their owner; None where none are asked for."""

    def __init__(self, limits: ServerLimits, hooks: Hooks) -> None:
        super().__init__()
        self.limits = limits
        self.hooks = hooks
        self.threads = DrainThreads(limits.drain_threads)
        self.addresses = AddressBook(limits)
        self.tenants: set[Tenant] = set()
        self.empty = asyncio.Event()
        self.empty.set()
        self.stopping = False
        self.date_line = b""

    def enter(self, tenant: Tenant, host: str | None) -> tuple[str | None, Refusal | None]:
        """Count a connection in. Returns the key to `leave` with and the refusal, if any.

        Raises ConnectionRefusedError when there is not even room to say so.
        """
        self.tenants.add(tenant)
        self.empty.clear()
        excess = len(self.tenants) - self.limits.connections_max
        if excess > REFUSED_MAX:
            raise ConnectionRefusedError
        key, within = self.addresses.enter(host)
        if excess > 0 or self.stopping:
            return key, SERVER_FULL
        return key, None if within else ADDRESS_FULL

    def leave(self, tenant: Tenant, key: str | None) -> None:
        """Count a connection out."""
        self.addresses.leave(key)
        self.tenants.discard(tenant)
        if not self.tenants:
            self.empty.set()

    def may_skip(self, missing_bytes: int | None) -> bool:
        """Whether so little of a body is missing (None: unknown) that the connection stays."""
        return missing_bytes is not None and missing_bytes <= self.limits.linger_bytes

    def refused(self, refusal: Refusal, host: str | None) -> None:
        """Tell the observer."""
        logger.debug("refused a request: %d %s", refusal.status, refusal.message)
        tell("on_refusal", self.hooks.on_refusal, refusal.status, refusal.code.value, host)
