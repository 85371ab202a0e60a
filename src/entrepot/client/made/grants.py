"""What is served of grants.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import SubjectKind


class Grant(msgspec.Struct, kw_only=True):
    """A role or permissions that somebody has in a scope."""

    id: int
    subject_kind: str
    subject: str
    scope: str
    role: str
    permissions: list[str]
    created_at: str
    created_by: str


class GrantPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Grant]
    next: str | int | None


class NewGrant(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A grant to be given: a role or permissions, to somebody, in a scope."""

    subject_kind: SubjectKind
    subject: str = ""
    scope: str = ""
    role: str = ""
    permissions: list[str] = []


class GrantsApi:
    """What is served of grants; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def give_grant(self, body: NewGrant, *, key: str | None = None) -> Grant:
        """Give a grant."""
        found: Grant = self._transport.typed(
            "POST", "/grants", {201: Grant}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def give_project_grant(
        self, project: str | int, body: NewGrant, *, key: str | None = None
    ) -> Grant:
        """Give a grant in a project."""
        found: Grant = self._transport.typed(
            "POST",
            f"/projects/{segment(project)}/grants",
            {201: Grant},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def list_grants(
        self,
        *,
        subject_kind: SubjectKind | None = None,
        subject: str | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> GrantPage:
        """List grants of the registry, or of somebody."""
        found: GrantPage = self._transport.typed(
            "GET",
            "/grants",
            {200: GrantPage},
            query={
                "subject_kind": subject_kind,
                "subject": subject,
                "limit": limit,
                "after": after,
            },
        )
        return found

    def list_grants_all(
        self,
        *,
        subject_kind: SubjectKind | None = None,
        subject: str | None = None,
        most: int | None = None,
    ) -> Iterator[Grant]:
        """List grants of the registry, or of somebody. Page after page, at most `most`."""
        return self._transport.pages(
            "/grants",
            GrantPage,
            "after",
            {"subject_kind": subject_kind, "subject": subject},
            most=most,
        )

    def list_project_grants(
        self, project: str | int, *, limit: int | None = None, after: int | None = None
    ) -> GrantPage:
        """List grants of a project."""
        found: GrantPage = self._transport.typed(
            "GET",
            f"/projects/{segment(project)}/grants",
            {200: GrantPage},
            query={"limit": limit, "after": after},
        )
        return found

    def list_project_grants_all(
        self, project: str | int, *, most: int | None = None
    ) -> Iterator[Grant]:
        """List grants of a project. Page after page, at most `most`."""
        return self._transport.pages(
            f"/projects/{segment(project)}/grants", GrantPage, "after", {}, most=most
        )

    def take_grant(
        self, grant: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Take a grant away."""
        self._transport.typed(
            "DELETE",
            f"/grants/{segment(grant)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
