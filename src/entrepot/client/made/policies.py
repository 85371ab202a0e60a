"""What is served of policies.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment


class PolicyBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a policy is to be: a document, as its kind has it."""

    document: Any


class PolicyView(msgspec.Struct, kw_only=True):
    """A policy of a project."""

    project: str
    kind: str
    document: Any
    changed_at: str
    changed_by: str


class PolicyViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[PolicyView]
    next: str | int | None


class PoliciesApi:
    """What is served of policies; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_policy(self, project: str | int, kind: str | int) -> PolicyView:
        """Get a policy."""
        found: PolicyView = self._transport.typed(
            "GET", f"/projects/{segment(project)}/policies/{segment(kind)}", {200: PolicyView}
        )
        return found

    def list_policies(self, project: str | int) -> PolicyViewPage:
        """List policies of a project."""
        found: PolicyViewPage = self._transport.typed(
            "GET", f"/projects/{segment(project)}/policies", {200: PolicyViewPage}
        )
        return found

    def put_policy(
        self,
        project: str | int,
        kind: str | int,
        body: PolicyBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> PolicyView:
        """Put a policy."""
        found: PolicyView = self._transport.typed(
            "PUT",
            f"/projects/{segment(project)}/policies/{segment(kind)}",
            {200: PolicyView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def remove_policy(
        self,
        project: str | int,
        kind: str | int,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """Remove a policy."""
        self._transport.typed(
            "DELETE",
            f"/projects/{segment(project)}/policies/{segment(kind)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
