"""What is served of trash.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport

from .shared import JobView


class PurgeBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What goes for good: entries, all of one operation, or all whose time has come."""

    ids: list[int] | None = None
    batch: str | None = None
    all_due: bool = False


class Purged(msgspec.Struct, kw_only=True):
    """How many entries went for good, and how many manifests went to the trash in turn."""

    purged: int
    left_behind: int


class RestoreBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What comes back: entries, or all of one operation."""

    ids: list[int] | None = None
    batch: str | None = None


class Restored(msgspec.Struct, kw_only=True):
    """What a restore came to: manifests as `name@digest`, tags as `name:tag`."""

    restored: list[str]
    there: list[str]
    tags: list[str]
    kept: list[str]
    refused: list[str]


class TrashView(msgspec.Struct, kw_only=True):
    """A manifest in the trash, and the tags that it had."""

    id: int
    kind: str
    repository: str
    digest: str
    tags: list[str]
    media_type: str
    size: int
    batch: str
    reason: str
    pushed_at: str
    pushed_by: str
    deleted_at: str
    deleted_by: str
    client: str
    purge_at: str


class TrashViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[TrashView]
    next: str | int | None


class TrashApi:
    """What is served of trash; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_trash(
        self,
        *,
        repository: str | None = None,
        project: str | None = None,
        batch: str | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> TrashViewPage:
        """List the trash."""
        found: TrashViewPage = self._transport.typed(
            "GET",
            "/trash",
            {200: TrashViewPage},
            query={
                "repository": repository,
                "project": project,
                "batch": batch,
                "limit": limit,
                "after": after,
            },
        )
        return found

    def list_trash_all(
        self,
        *,
        repository: str | None = None,
        project: str | None = None,
        batch: str | None = None,
        most: int | None = None,
    ) -> Iterator[TrashView]:
        """List the trash. Page after page, at most `most`."""
        return self._transport.pages(
            "/trash",
            TrashViewPage,
            "after",
            {"repository": repository, "project": project, "batch": batch},
            most=most,
        )

    def purge(self, body: PurgeBody, *, key: str | None = None) -> Purged | JobView:
        """Purge from the trash."""
        found: Purged | JobView = self._transport.typed(
            "POST",
            "/trash/purge",
            {200: Purged, 202: JobView},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def restore(self, body: RestoreBody, *, key: str | None = None) -> Restored | JobView:
        """Restore from the trash."""
        found: Restored | JobView = self._transport.typed(
            "POST",
            "/trash/restore",
            {200: Restored, 202: JobView},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found
