"""What is served of schedules.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment


class ScheduleBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """When a job of some kind is to be done, as cron says it (UTC)."""

    kind: str
    cron: str
    args: dict[str, Any] = {}
    mutex: str | None = None
    enabled: bool = True


class ScheduleView(msgspec.Struct, kw_only=True):
    """When a job of some kind is done, and was."""

    name: str
    kind: str
    cron: str
    args: dict[str, Any]
    mutex: str | None
    enabled: bool
    next_at: str
    last_at: str | None


class ScheduleViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[ScheduleView]
    next: str | int | None


class SchedulesApi:
    """What is served of schedules; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_schedule(self, name: str | int) -> ScheduleView:
        """Get a schedule."""
        found: ScheduleView = self._transport.typed(
            "GET", f"/schedules/{segment(name)}", {200: ScheduleView}
        )
        return found

    def list_schedules(
        self, *, limit: int | None = None, after: str | None = None
    ) -> ScheduleViewPage:
        """List schedules."""
        found: ScheduleViewPage = self._transport.typed(
            "GET", "/schedules", {200: ScheduleViewPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_schedules_all(self, *, most: int | None = None) -> Iterator[ScheduleView]:
        """List schedules. Page after page, at most `most`."""
        return self._transport.pages("/schedules", ScheduleViewPage, "after", {}, most=most)

    def put_schedule(
        self,
        name: str | int,
        body: ScheduleBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> ScheduleView:
        """Put a schedule."""
        found: ScheduleView = self._transport.typed(
            "PUT",
            f"/schedules/{segment(name)}",
            {200: ScheduleView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def remove_schedule(
        self, name: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a schedule."""
        self._transport.typed(
            "DELETE",
            f"/schedules/{segment(name)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
