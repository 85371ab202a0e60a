"""What is served of audit.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.client.transport import Transport, address, segment

from .shared import AuditFormat


class AuditEntry(msgspec.Struct, kw_only=True):
    """Who did what, or was not let."""

    id: int
    at: str
    actor: str
    address: str
    client: str
    operation: str
    project: str
    resource: str
    result: str
    detail: Any


class AuditEntryPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[AuditEntry]
    next: str | int | None


class AuditLines(msgspec.Struct, kw_only=True):
    """Entries oldest first; `next` is where to go on, now or later."""

    items: list[AuditEntry]
    next: int
    more: bool
    source: str


class AuditApi:
    """What is served of audit; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def export_audit_log(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        format: AuditFormat | None = None,
        limit: int | None = None,
        after: int | None = None,
        project: str | None = None,
    ) -> Iterator[bytes]:
        """Export the audit log. Line by line."""
        return self._transport.lines(
            address(
                "/audit/export",
                {
                    "actor": actor,
                    "operation": operation,
                    "refused": refused,
                    "since": since,
                    "until": until,
                    "format": format,
                    "limit": limit,
                    "after": after,
                    "project": project,
                },
            )
        )

    def export_audit_log_of_project(
        self,
        project: str | int,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        format: AuditFormat | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> Iterator[bytes]:
        """Export the audit log of a project. Line by line."""
        return self._transport.lines(
            address(
                f"/projects/{segment(project)}/audit/export",
                {
                    "actor": actor,
                    "operation": operation,
                    "refused": refused,
                    "since": since,
                    "until": until,
                    "format": format,
                    "limit": limit,
                    "after": after,
                },
            )
        )

    def read_audit_log(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        after: str | None = None,
        project: str | None = None,
    ) -> AuditLines:
        """Read the audit log.

        Oldest first.
        """
        found: AuditLines = self._transport.typed(
            "GET",
            "/audit/lines",
            {200: AuditLines},
            query={
                "actor": actor,
                "operation": operation,
                "refused": refused,
                "since": since,
                "until": until,
                "limit": limit,
                "after": after,
                "project": project,
            },
        )
        return found

    def read_audit_log_of_project(
        self,
        project: str | int,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> AuditLines:
        """Read the audit log of a project.

        Oldest first.
        """
        found: AuditLines = self._transport.typed(
            "GET",
            f"/projects/{segment(project)}/audit/lines",
            {200: AuditLines},
            query={
                "actor": actor,
                "operation": operation,
                "refused": refused,
                "since": since,
                "until": until,
                "limit": limit,
                "after": after,
            },
        )
        return found

    def search_audit_log(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        project: str | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> AuditEntryPage:
        """Search the audit log.

        Newest first.
        """
        found: AuditEntryPage = self._transport.typed(
            "GET",
            "/audit",
            {200: AuditEntryPage},
            query={
                "actor": actor,
                "operation": operation,
                "refused": refused,
                "since": since,
                "until": until,
                "project": project,
                "limit": limit,
                "before": before,
            },
        )
        return found

    def search_audit_log_all(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        project: str | None = None,
        most: int | None = None,
    ) -> Iterator[AuditEntry]:
        """Search the audit log. Page after page, at most `most`.

        Newest first.
        """
        return self._transport.pages(
            "/audit",
            AuditEntryPage,
            "before",
            {
                "actor": actor,
                "operation": operation,
                "refused": refused,
                "since": since,
                "until": until,
                "project": project,
            },
            most=most,
        )

    def search_audit_log_of_project(
        self,
        project: str | int,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> AuditEntryPage:
        """Search the audit log of a project.

        Newest first.
        """
        found: AuditEntryPage = self._transport.typed(
            "GET",
            f"/projects/{segment(project)}/audit",
            {200: AuditEntryPage},
            query={
                "actor": actor,
                "operation": operation,
                "refused": refused,
                "since": since,
                "until": until,
                "limit": limit,
                "before": before,
            },
        )
        return found

    def search_audit_log_of_project_all(
        self,
        project: str | int,
        *,
        actor: str | None = None,
        operation: str | None = None,
        refused: bool | None = None,
        since: str | None = None,
        until: str | None = None,
        most: int | None = None,
    ) -> Iterator[AuditEntry]:
        """Search the audit log of a project. Page after page, at most `most`.

        Newest first.
        """
        return self._transport.pages(
            f"/projects/{segment(project)}/audit",
            AuditEntryPage,
            "before",
            {
                "actor": actor,
                "operation": operation,
                "refused": refused,
                "since": since,
                "until": until,
            },
            most=most,
        )
