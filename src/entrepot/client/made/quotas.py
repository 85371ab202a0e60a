"""What is served of quotas.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class QuotaBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a quota is to be; what is left out, null or -1 is no limit.

    Bytes are a number or as in `10GiB`.
    """

    limit_bytes: int | str | None = None
    limit_manifests: int | None = None


class QuotaView(msgspec.Struct, kw_only=True):
    """What a project or user holds, and may hold; null is no limit."""

    kind: str
    name: str
    used_bytes: int
    manifests: int
    limit_bytes: int | None
    limit_manifests: int | None


class QuotaViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[QuotaView]
    next: str | int | None


class QuotasApi:
    """What is served of quotas; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_quota(self, kind: str | int, name: str | int) -> QuotaView:
        """Get a quota."""
        found: QuotaView = self._transport.typed(
            "GET", f"/quotas/{segment(kind)}/{segment(name)}", {200: QuotaView}
        )
        return found

    def list_quotas(
        self, *, kind: str | None = None, limit: int | None = None, after: str | None = None
    ) -> QuotaViewPage:
        """List quotas."""
        found: QuotaViewPage = self._transport.typed(
            "GET",
            "/quotas",
            {200: QuotaViewPage},
            query={"kind": kind, "limit": limit, "after": after},
        )
        return found

    def list_quotas_all(
        self, *, kind: str | None = None, most: int | None = None
    ) -> Iterator[QuotaView]:
        """List quotas. Page after page, at most `most`."""
        return self._transport.pages("/quotas", QuotaViewPage, "after", {"kind": kind}, most=most)

    def put_quota(
        self,
        kind: str | int,
        name: str | int,
        body: QuotaBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> QuotaView:
        """Put a quota."""
        found: QuotaView = self._transport.typed(
            "PUT",
            f"/quotas/{segment(kind)}/{segment(name)}",
            {200: QuotaView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found
