"""What is served of workloads.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment


class MissedRule(msgspec.Struct, kw_only=True):
    """A rule that does not take a token, and why."""

    rule: str
    reason: str


class TokenMatch(msgspec.Struct, kw_only=True):
    """Which rules take a token."""

    subject: str
    matches: list[str]
    misses: list[MissedRule]


class TokenTry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A token of some issuer, to be looked at."""

    token: str


class WorkloadBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Which tokens of which issuer are trusted, and with what: all strings, lists and objects."""

    audience: Any | msgspec.UnsetType = msgspec.UNSET
    conditions: Any | msgspec.UnsetType = msgspec.UNSET
    kind: Any | msgspec.UnsetType = msgspec.UNSET
    issuer: Any | msgspec.UnsetType = msgspec.UNSET
    grants: Any | msgspec.UnsetType = msgspec.UNSET
    description: Any | msgspec.UnsetType = msgspec.UNSET


class WorkloadGrantView(msgspec.Struct, kw_only=True):
    """What is granted to workloads of a rule."""

    scope: str
    role: str = ""
    permissions: list[str] = []


class WorkloadPreset(msgspec.Struct, kw_only=True):
    """What is known of an issuer: its claims, and an example of conditions."""

    kind: str
    title: str
    issuer: str
    claims: dict[str, str]
    example: dict[str, list[str]]


class WorkloadPresetPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[WorkloadPreset]
    next: str | int | None


class WorkloadView(msgspec.Struct, kw_only=True):
    """A rule of trust in workloads."""

    name: str
    kind: str
    issuer: str
    audience: str
    conditions: dict[str, list[str]]
    grants: list[WorkloadGrantView]
    description: str = ""
    changed_at: str
    changed_by: str


class WorkloadViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[WorkloadView]
    next: str | int | None


class WorkloadsApi:
    """What is served of workloads; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_workload_rule(self, rule: str | int) -> WorkloadView:
        """Get a workload rule."""
        found: WorkloadView = self._transport.typed(
            "GET", f"/workloads/{segment(rule)}", {200: WorkloadView}
        )
        return found

    def list_workload_presets(self) -> WorkloadPresetPage:
        """List workload presets."""
        found: WorkloadPresetPage = self._transport.typed(
            "GET", "/workload-presets", {200: WorkloadPresetPage}
        )
        return found

    def list_workload_rules(
        self, *, limit: int | None = None, after: str | None = None
    ) -> WorkloadViewPage:
        """List workload rules."""
        found: WorkloadViewPage = self._transport.typed(
            "GET", "/workloads", {200: WorkloadViewPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_workload_rules_all(self, *, most: int | None = None) -> Iterator[WorkloadView]:
        """List workload rules. Page after page, at most `most`."""
        return self._transport.pages("/workloads", WorkloadViewPage, "after", {}, most=most)

    def put_workload_rule(
        self,
        rule: str | int,
        body: WorkloadBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> WorkloadView:
        """Put a workload rule."""
        found: WorkloadView = self._transport.typed(
            "PUT",
            f"/workloads/{segment(rule)}",
            {200: WorkloadView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def remove_workload_rule(
        self, rule: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a workload rule."""
        self._transport.typed(
            "DELETE",
            f"/workloads/{segment(rule)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def try_workload_token(self, body: TokenTry, *, key: str | None = None) -> TokenMatch:
        """Try a workload's token."""
        found: TokenMatch = self._transport.typed(
            "POST", "/workload-test", {200: TokenMatch}, body=body, headers={"Idempotency-Key": key}
        )
        return found
