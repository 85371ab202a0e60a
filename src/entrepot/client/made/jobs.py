"""What is served of jobs.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import JobView


class JobViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[JobView]
    next: str | int | None


class LogLine(msgspec.Struct, kw_only=True):
    """A line of a job's log."""

    id: int
    at: str
    text: str


class LogLinePage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[LogLine]
    next: str | int | None


class JobsApi:
    """What is served of jobs; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def cancel_job(self, job: str | int, *, key: str | None = None) -> JobView:
        """Cancel a job."""
        found: JobView = self._transport.typed(
            "POST",
            f"/jobs/{segment(job)}/cancel",
            {202: JobView},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def get_job(self, job: str | int) -> JobView:
        """Get a job."""
        found: JobView = self._transport.typed("GET", f"/jobs/{segment(job)}", {200: JobView})
        return found

    def list_jobs(
        self, *, kind: str | None = None, limit: int | None = None, before: int | None = None
    ) -> JobViewPage:
        """List jobs.

        Newest first.
        """
        found: JobViewPage = self._transport.typed(
            "GET",
            "/jobs",
            {200: JobViewPage},
            query={"kind": kind, "limit": limit, "before": before},
        )
        return found

    def list_jobs_all(
        self, *, kind: str | None = None, most: int | None = None
    ) -> Iterator[JobView]:
        """List jobs. Page after page, at most `most`.

        Newest first.
        """
        return self._transport.pages("/jobs", JobViewPage, "before", {"kind": kind}, most=most)

    def read_job_log(
        self, job: str | int, *, limit: int | None = None, after: int | None = None
    ) -> LogLinePage:
        """Read a job's log."""
        found: LogLinePage = self._transport.typed(
            "GET",
            f"/jobs/{segment(job)}/log",
            {200: LogLinePage},
            query={"limit": limit, "after": after},
        )
        return found

    def read_job_log_all(self, job: str | int, *, most: int | None = None) -> Iterator[LogLine]:
        """Read a job's log. Page after page, at most `most`."""
        return self._transport.pages(
            f"/jobs/{segment(job)}/log", LogLinePage, "after", {}, most=most
        )
