"""What is served of webhooks.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import DeliveryShown


class MadeWebhook(msgspec.Struct, kw_only=True):
    """A webhook with its new secret, which is told this once; empty where none was made."""

    id: int
    project: str
    name: str
    enabled: bool
    url: str
    format: str
    events: list[str]
    repositories: list[str]
    tags: list[str]
    verify_tls: bool
    description: str
    has_secret: bool
    has_authorization: bool
    catching_up: bool
    created_at: str
    changed_at: str
    changed_by: str
    secret: str


class NewWebhookBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A webhook to make; without a project it is told of the whole registry."""

    name: str
    url: str
    project: str = ""
    format: str = "cloudevents"
    events: list[str] = []
    repositories: list[str] = []
    tags: list[str] = []
    verify_tls: bool = True
    description: str = ""
    enabled: bool = True
    secret: str = ""
    authorization: str = ""


class ReplayBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """From where on events are sent again: those after this sequence."""

    after: int


class Replayed(msgspec.Struct, kw_only=True):
    """What is sent again."""

    after: int
    upto: int
    lacking: bool


class Webhook(msgspec.Struct, kw_only=True):
    """Whom events are told."""

    id: int
    project: str
    name: str
    enabled: bool
    url: str
    format: str
    events: list[str]
    repositories: list[str]
    tags: list[str]
    verify_tls: bool
    description: str
    has_secret: bool
    has_authorization: bool
    catching_up: bool
    created_at: str
    changed_at: str
    changed_by: str


class WebhookChangeBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes; what is left out stays."""

    name: str | None = None
    url: str | None = None
    format: str | None = None
    events: list[str] | None = None
    repositories: list[str] | None = None
    tags: list[str] | None = None
    verify_tls: bool | None = None
    description: str | None = None
    enabled: bool | None = None
    secret: str | None = None
    authorization: str | None = None


class WebhookPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Webhook]
    next: str | int | None


class WebhookRotation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How long the old secret signs beside the new one."""

    overlap_seconds: float = 86400.0


class WebhooksApi:
    """What is served of webhooks; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def change_webhook(
        self,
        webhook: str | int,
        body: WebhookChangeBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Webhook:
        """Change a webhook."""
        found: Webhook = self._transport.typed(
            "PATCH",
            f"/webhooks/{segment(webhook)}",
            {200: Webhook},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def list_webhooks(
        self, *, project: str | None = None, limit: int | None = None, after: int | None = None
    ) -> WebhookPage:
        """List webhooks."""
        found: WebhookPage = self._transport.typed(
            "GET",
            "/webhooks",
            {200: WebhookPage},
            query={"project": project, "limit": limit, "after": after},
        )
        return found

    def list_webhooks_all(
        self, *, project: str | None = None, most: int | None = None
    ) -> Iterator[Webhook]:
        """List webhooks. Page after page, at most `most`."""
        return self._transport.pages(
            "/webhooks", WebhookPage, "after", {"project": project}, most=most
        )

    def list_webhooks_project(
        self, project: str | int, *, limit: int | None = None, after: int | None = None
    ) -> WebhookPage:
        """List webhooks of a project."""
        found: WebhookPage = self._transport.typed(
            "GET",
            f"/projects/{segment(project)}/webhooks",
            {200: WebhookPage},
            query={"limit": limit, "after": after},
        )
        return found

    def list_webhooks_project_all(
        self, project: str | int, *, most: int | None = None
    ) -> Iterator[Webhook]:
        """List webhooks of a project. Page after page, at most `most`."""
        return self._transport.pages(
            f"/projects/{segment(project)}/webhooks", WebhookPage, "after", {}, most=most
        )

    def make_new_secret_webhook(
        self, webhook: str | int, body: WebhookRotation, *, key: str | None = None
    ) -> MadeWebhook:
        """Make a new secret for a webhook."""
        found: MadeWebhook = self._transport.typed(
            "POST",
            f"/webhooks/{segment(webhook)}/rotate",
            {200: MadeWebhook},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def make_webhook(self, body: NewWebhookBody, *, key: str | None = None) -> MadeWebhook:
        """Make a webhook."""
        found: MadeWebhook = self._transport.typed(
            "POST", "/webhooks", {201: MadeWebhook}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def make_webhook_project(
        self, project: str | int, body: NewWebhookBody, *, key: str | None = None
    ) -> MadeWebhook:
        """Make a webhook of a project.

        The project of the address counts, not that of the body.
        """
        found: MadeWebhook = self._transport.typed(
            "POST",
            f"/projects/{segment(project)}/webhooks",
            {201: MadeWebhook},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def remove_webhook(
        self, webhook: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a webhook."""
        self._transport.typed(
            "DELETE",
            f"/webhooks/{segment(webhook)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def send_events_to_webhook_again(
        self, webhook: str | int, body: ReplayBody, *, key: str | None = None
    ) -> Replayed:
        """Send events to a webhook again."""
        found: Replayed = self._transport.typed(
            "POST",
            f"/webhooks/{segment(webhook)}/replay",
            {202: Replayed},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def send_test_to_webhook(self, webhook: str | int, *, key: str | None = None) -> DeliveryShown:
        """Send a test to a webhook.

        The delivery says a moment later what was answered.
        """
        found: DeliveryShown = self._transport.typed(
            "POST",
            f"/webhooks/{segment(webhook)}/test",
            {202: DeliveryShown},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def show_webhook(self, webhook: str | int) -> Webhook:
        """Show a webhook."""
        found: Webhook = self._transport.typed(
            "GET", f"/webhooks/{segment(webhook)}", {200: Webhook}
        )
        return found
