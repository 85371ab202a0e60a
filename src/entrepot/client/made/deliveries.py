"""What is served of deliveries.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import DeliveryShown, State


class DeliveryDetail(msgspec.Struct, kw_only=True):
    """A delivery with its body, as it is written now."""

    id: int
    webhook: int
    event: int
    again: bool
    kind: str
    repository: str
    state: str
    attempts: int
    next_at: str | None
    status: int | None
    error: str
    created_at: str
    ended_at: str | None
    payload: Any


class DeliveryShownPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[DeliveryShown]
    next: str | int | None


class DeliveriesApi:
    """What is served of deliveries; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_deliveries_webhook(
        self,
        webhook: str | int,
        *,
        state: State | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> DeliveryShownPage:
        """List deliveries of a webhook.

        Newest first.
        """
        found: DeliveryShownPage = self._transport.typed(
            "GET",
            f"/webhooks/{segment(webhook)}/deliveries",
            {200: DeliveryShownPage},
            query={"state": state, "limit": limit, "before": before},
        )
        return found

    def list_deliveries_webhook_all(
        self, webhook: str | int, *, state: State | None = None, most: int | None = None
    ) -> Iterator[DeliveryShown]:
        """List deliveries of a webhook. Page after page, at most `most`.

        Newest first.
        """
        return self._transport.pages(
            f"/webhooks/{segment(webhook)}/deliveries",
            DeliveryShownPage,
            "before",
            {"state": state},
            most=most,
        )

    def send_delivery_again(self, delivery: str | int, *, key: str | None = None) -> DeliveryShown:
        """Send a delivery again."""
        found: DeliveryShown = self._transport.typed(
            "POST",
            f"/deliveries/{segment(delivery)}/redeliver",
            {202: DeliveryShown},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def show_delivery(self, delivery: str | int) -> DeliveryDetail:
        """Show a delivery."""
        found: DeliveryDetail = self._transport.typed(
            "GET", f"/deliveries/{segment(delivery)}", {200: DeliveryDetail}
        )
        return found
