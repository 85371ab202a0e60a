"""What is served of storage.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, address, segment

from .shared import JobView


class BackupBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where a backup goes: a directory of the machine that the server runs on."""

    target: str


class DamageView(msgspec.Struct, kw_only=True):
    """Stored bytes that are not what their digest says."""

    id: int
    digest: str
    generation: int
    message: str
    found_at: str
    healed_at: str | None


class DamageViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[DamageView]
    next: str | int | None


class Freed(msgspec.Struct, kw_only=True):
    """A blob that a deletion would free, or not, and why."""

    digest: str
    size: int
    reason: str


class MigrationBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where all blobs are copied to: the URL of a store, or a directory of the server's
    machine.
    """

    to: str
    verify: bool = False
    bytes_per_second: int | None = None


class PassBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A pass of the collector.

    `force` removes bytes without rows though they are most of the storage.
    """

    dry_run: bool = False
    force: bool = False


class ReportClaims(msgspec.Struct, kw_only=True):
    """What a report's signature says (RFC 7519)."""

    iss: str
    aud: str
    iat: int
    job: int
    lines: int
    sha256: str


class SignatureBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A report's last line."""

    signature: str


class StorageCost(msgspec.Struct, kw_only=True):
    """What would be free if something were deleted and purged from the trash."""

    manifests: int
    unique_bytes: int
    shared_bytes: int
    trash_bytes: int
    complete: bool
    largest: list[Freed]


class SweptBlob(msgspec.Struct, kw_only=True):
    """Bytes that a pass would remove, and why."""

    digest: str
    generation: int
    size: int
    reason: str


class SweptBlobPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[SweptBlob]
    next: str | int | None


class TierBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A pass over the blobs that nobody pulls."""

    dry_run: bool = False
    back: bool = False


class StorageApi:
    """What is served of storage; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_storage_cost(
        self,
        *,
        repository: str | None = None,
        reference: str | None = None,
        project: str | None = None,
    ) -> StorageCost:
        """Say what deleting would free."""
        found: StorageCost = self._transport.typed(
            "GET",
            "/storage/cost",
            {200: StorageCost},
            query={"repository": repository, "reference": reference, "project": project},
        )
        return found

    def list_damages(
        self, *, healed: bool | None = None, limit: int | None = None, after: int | None = None
    ) -> DamageViewPage:
        """List damages."""
        found: DamageViewPage = self._transport.typed(
            "GET",
            "/damages",
            {200: DamageViewPage},
            query={"healed": healed, "limit": limit, "after": after},
        )
        return found

    def list_damages_all(
        self, *, healed: bool | None = None, most: int | None = None
    ) -> Iterator[DamageView]:
        """List damages. Page after page, at most `most`."""
        return self._transport.pages(
            "/damages", DamageViewPage, "after", {"healed": healed}, most=most
        )

    def preview_garbage_collection(
        self, *, limit: int | None = None, after: int | None = None
    ) -> SweptBlobPage:
        """Preview garbage collection."""
        found: SweptBlobPage = self._transport.typed(
            "GET", "/gc/preview", {200: SweptBlobPage}, query={"limit": limit, "after": after}
        )
        return found

    def preview_garbage_collection_all(self, *, most: int | None = None) -> Iterator[SweptBlob]:
        """Preview garbage collection. Page after page, at most `most`."""
        return self._transport.pages("/gc/preview", SweptBlobPage, "after", {}, most=most)

    def read_sweep_report(self, job: str | int) -> Iterator[bytes]:
        """Read a sweep report. Line by line.

        One JSON object a line; the last one is the signature of those before.
        """
        return self._transport.lines(address(f"/gc/reports/{segment(job)}", {}))

    def start_backup(self, body: BackupBody, *, key: str | None = None) -> JobView:
        """Start a backup.

        Only on the control socket.
        """
        found: JobView = self._transport.typed(
            "POST", "/backup", {202: JobView}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def start_garbage_collection(self, body: PassBody, *, key: str | None = None) -> JobView:
        """Start garbage collection."""
        found: JobView = self._transport.typed(
            "POST", "/gc", {202: JobView}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def start_migration(self, body: MigrationBody, *, key: str | None = None) -> JobView:
        """Start copying all blobs into another store.

        Only on the control socket.
        """
        found: JobView = self._transport.typed(
            "POST", "/storage/migrate", {202: JobView}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def start_scrub(self, *, key: str | None = None) -> JobView:
        """Start a scrub.

        All stored bytes are read and compared with their digests.
        """
        found: JobView = self._transport.typed(
            "POST", "/scrub", {202: JobView}, body={}, headers={"Idempotency-Key": key}
        )
        return found

    def start_tiering(self, body: TierBody, *, key: str | None = None) -> JobView:
        """Start moving blobs that nobody pulls into the cold store.

        Fails where there is no cold store.
        """
        found: JobView = self._transport.typed(
            "POST", "/storage/tier", {202: JobView}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def verify_sweep_report(self, body: SignatureBody, *, key: str | None = None) -> ReportClaims:
        """Verify a sweep report's signature."""
        found: ReportClaims = self._transport.typed(
            "POST", "/gc/verify", {200: ReportClaims}, body=body, headers={"Idempotency-Key": key}
        )
        return found
