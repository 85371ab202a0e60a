"""What is served of events.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.client.transport import Transport, address


class EventPage(msgspec.Struct, kw_only=True):
    """Events in their order; `next` is where to go on, now or later."""

    items: list[EventShown]
    next: int
    more: bool
    lacking: bool


class EventShown(msgspec.Struct, kw_only=True):
    """Something that has happened."""

    sequence: int
    kind: str
    at: str
    project: str
    repository: str
    actor: str
    client: str
    digest: str
    media_type: str
    size: int
    tags: list[str]
    facts: dict[str, Any]


class EventsApi:
    """What is served of events; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def follow_events(
        self,
        *,
        project: str | None = None,
        repository: str | None = None,
        kind: str | None = None,
        after: str | None = None,
    ) -> Iterator[bytes]:
        """Follow events. Line by line.

        Server-sent events: `id` is the sequence, `event` the kind, `data` the event.
        """
        return self._transport.lines(
            address(
                "/events/stream",
                {"project": project, "repository": repository, "kind": kind, "after": after},
            )
        )

    def list_events(
        self,
        *,
        project: str | None = None,
        repository: str | None = None,
        kind: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> EventPage:
        """List events.

        Oldest first, and those alone that the caller may see.
        """
        found: EventPage = self._transport.typed(
            "GET",
            "/events",
            {200: EventPage},
            query={
                "project": project,
                "repository": repository,
                "kind": kind,
                "after": after,
                "limit": limit,
            },
        )
        return found
