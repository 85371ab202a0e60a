"""What is served of retention.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import JobView


class PreviewBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A policy to try, or none for the project's own.

    `kept` shows what stays, too.
    """

    text: str | None = None
    kept: bool = False


class RetentionDecision(msgspec.Struct, kw_only=True):
    """What becomes of a manifest, and why."""

    repository: str
    digest: str
    action: str
    tags: list[str]
    reason: str
    rule: int | None


class RetentionPage(msgspec.Struct, kw_only=True):
    """A part of what a policy would do; totals stand where a repository begins."""

    items: list[RetentionDecision]
    repositories: list[RetentionTotal]
    next: str | None


class RetentionTotal(msgspec.Struct, kw_only=True):
    """What a policy comes to in one repository."""

    repository: str
    kept: int
    untagged: int
    deleted: int
    tags_removed: int
    deleted_bytes: int


class RetentionApi:
    """What is served of retention; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def preview_retention(
        self,
        project: str | int,
        body: PreviewBody,
        *,
        limit: int | None = None,
        after: str | None = None,
        key: str | None = None,
    ) -> RetentionPage:
        """Preview retention."""
        found: RetentionPage = self._transport.typed(
            "POST",
            f"/projects/{segment(project)}/retention/preview",
            {200: RetentionPage},
            query={"limit": limit, "after": after},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def preview_retention_all(
        self, project: str | int, body: PreviewBody, *, most: int | None = None
    ) -> Iterator[RetentionDecision]:
        """Preview retention. Page after page, at most `most`."""
        return self._transport.pages(
            f"/projects/{segment(project)}/retention/preview",
            RetentionPage,
            "after",
            {},
            most=most,
            method="POST",
            body=body,
        )

    def run_retention(self, project: str | int, *, key: str | None = None) -> JobView:
        """Run retention."""
        found: JobView = self._transport.typed(
            "POST",
            f"/projects/{segment(project)}/retention/run",
            {202: JobView},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found
