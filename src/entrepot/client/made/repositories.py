"""What is served of repositories.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, address, segment

from .shared import JobView


class HistoryStep(msgspec.Struct, kw_only=True):
    """A step of an image's making, as its builder wrote it."""

    created: str
    created_by: str
    author: str
    comment: str
    empty_layer: bool


class ImageMaking(msgspec.Struct, kw_only=True):
    """How an image was made; of an index it is one platform's image."""

    digest: str
    platform: str
    dockerfile: str
    history: list[HistoryStep]


class PageChange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is written of a repository; what is left out stays, and what is empty is taken
    back.
    """

    description: str | None = None
    readme: str | None = None
    source_url: str | None = None
    maintainers: list[str] | None = None


class RepositoryCounts(msgspec.Struct, kw_only=True):
    """How much is in a repository; times are null for never."""

    artifacts: int
    tags: int
    pulls: int
    pulled_at: str | None
    pushed_at: str | None


class RepositoryEntry(msgspec.Struct, kw_only=True):
    """A repository in a list."""

    name: str
    project: str
    description: str


class RepositoryEntryPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[RepositoryEntry]
    next: str | int | None


class RepositoryView(msgspec.Struct, kw_only=True):
    """A repository as it explains itself.

    Where nobody wrote a description, a source or maintainers, they are those of the newest
    image.
    """

    name: str
    project: str
    description: str
    source_url: str
    maintainers: list[str]
    has_readme: bool
    changed_at: str | None
    changed_by: str
    labels: dict[str, str]
    counts: RepositoryCounts


class UsageLine(msgspec.Struct, kw_only=True):
    """A command line, and the client that it is for."""

    client: str
    command: str


class UsageLinePage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[UsageLine]
    next: str | int | None


class RepositoriesApi:
    """What is served of repositories; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def delete_repository(
        self, repository: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> JobView:
        """Delete a repository."""
        found: JobView = self._transport.typed(
            "DELETE",
            f"/repositories/{segment(repository)}",
            {202: JobView},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def describe_repository(
        self,
        repository: str | int,
        body: PageChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> RepositoryView:
        """Describe a repository."""
        found: RepositoryView = self._transport.typed(
            "PATCH",
            f"/repositories/{segment(repository)}",
            {200: RepositoryView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_readme_repository(
        self, repository: str | int, *, as_: str | None = None
    ) -> Iterator[bytes]:
        """Get the README of a repository. Line by line."""
        return self._transport.lines(
            address(f"/repositories/{segment(repository)}/readme", {"as": as_})
        )

    def get_repository(self, repository: str | int) -> RepositoryView:
        """Get a repository."""
        found: RepositoryView = self._transport.typed(
            "GET", f"/repositories/{segment(repository)}", {200: RepositoryView}
        )
        return found

    def list_commands_that_get_artifact(
        self, repository: str | int, reference: str | int
    ) -> UsageLinePage:
        """List commands that get an artifact."""
        found: UsageLinePage = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/artifacts/{segment(reference)}/usage",
            {200: UsageLinePage},
        )
        return found

    def list_repositories(
        self, *, project: str | None = None, limit: int | None = None, after: str | None = None
    ) -> RepositoryEntryPage:
        """List repositories.

        Those with content that the caller may see. A page may have few entries and go on.
        """
        found: RepositoryEntryPage = self._transport.typed(
            "GET",
            "/repositories",
            {200: RepositoryEntryPage},
            query={"project": project, "limit": limit, "after": after},
        )
        return found

    def list_repositories_all(
        self, *, project: str | None = None, most: int | None = None
    ) -> Iterator[RepositoryEntry]:
        """List repositories. Page after page, at most `most`.

        Those with content that the caller may see. A page may have few entries and go on.
        """
        return self._transport.pages(
            "/repositories", RepositoryEntryPage, "after", {"project": project}, most=most
        )

    def tell_how_image_was_made(
        self, repository: str | int, reference: str | int, *, platform: str | None = None
    ) -> ImageMaking:
        """Tell how an image was made.

        The Dockerfile is reconstructed from the image's history: what it does not say is
        left out, or told in comments.
        """
        found: ImageMaking = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/artifacts/{segment(reference)}/dockerfile",
            {200: ImageMaking},
            query={"platform": platform},
        )
        return found
