"""What is served of replication.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment


class ReplicationBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is copied between here and a remote, and when."""

    name: str
    remote: int
    document: dict[str, Any]
    enabled: bool = True


class ReplicationView(msgspec.Struct, kw_only=True):
    """A replication policy."""

    id: int
    name: str
    remote: int
    enabled: bool
    document: dict[str, Any]
    created_at: str
    changed_at: str
    changed_by: str


class ReplicationViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[ReplicationView]
    next: str | int | None


class ReplicationApi:
    """What is served of replication; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def change_replication_policy(
        self,
        policy: str | int,
        body: ReplicationBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> ReplicationView:
        """Change a replication policy."""
        found: ReplicationView = self._transport.typed(
            "PUT",
            f"/replication/{segment(policy)}",
            {200: ReplicationView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_replication_policy(self, policy: str | int) -> ReplicationView:
        """Get a replication policy."""
        found: ReplicationView = self._transport.typed(
            "GET", f"/replication/{segment(policy)}", {200: ReplicationView}
        )
        return found

    def list_replication_policies(
        self, *, limit: int | None = None, after: int | None = None
    ) -> ReplicationViewPage:
        """List replication policies.

        This version keeps policies and does not copy yet.
        """
        found: ReplicationViewPage = self._transport.typed(
            "GET",
            "/replication",
            {200: ReplicationViewPage},
            query={"limit": limit, "after": after},
        )
        return found

    def list_replication_policies_all(
        self, *, most: int | None = None
    ) -> Iterator[ReplicationView]:
        """List replication policies. Page after page, at most `most`.

        This version keeps policies and does not copy yet.
        """
        return self._transport.pages("/replication", ReplicationViewPage, "after", {}, most=most)

    def make_replication_policy(
        self, body: ReplicationBody, *, key: str | None = None
    ) -> ReplicationView:
        """Make a replication policy.

        This version keeps policies and does not copy yet.
        """
        found: ReplicationView = self._transport.typed(
            "POST",
            "/replication",
            {201: ReplicationView},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def remove_replication_policy(
        self, policy: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a replication policy."""
        self._transport.typed(
            "DELETE",
            f"/replication/{segment(policy)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def run_replication_policy(self, policy: str | int, *, key: str | None = None) -> None:
        """Run a replication policy.

        This version keeps policies and does not copy yet.
        """
        self._transport.typed(
            "POST",
            f"/replication/{segment(policy)}/run",
            {204: None},
            body={},
            headers={"Idempotency-Key": key},
        )
