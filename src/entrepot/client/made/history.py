"""What is served of history.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import JobView


class RollbackBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What goes back, and to when.

    `through` is what a plan said: what was moved since then is left alone.
    """

    at: str
    repository: str | None = None
    tag: str | None = None
    project: str | None = None
    through: int | None = None
    dry_run: bool = False


class RollbackPlan(msgspec.Struct, kw_only=True):
    """What goes back, or went; `through` is the newest move that it knows of."""

    at: str
    through: int
    items: list[RollbackStep]
    next: str | None


class RollbackStep(msgspec.Struct, kw_only=True):
    """A move of a rollback; `refusal` says why it is not made."""

    repository: str
    tag: str
    action: str
    before: str | None
    after: str | None
    refusal: str


class TagAt(msgspec.Struct, kw_only=True):
    """Where one tag was at the moment that was asked about."""

    tag: str
    digest: str
    standing: str
    since: str
    at: str


class TagDifference(msgspec.Struct, kw_only=True):
    """A tag that two moments show at different places."""

    tag: str
    change: str
    before: str | None
    after: str | None


class TagDifferencePage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[TagDifference]
    next: str | int | None


class TagMove(msgspec.Struct, kw_only=True):
    """A line of a repository's history; `before` null is a tag's first, `after` null its end."""

    id: int
    tag: str
    before: str | None
    after: str | None
    at: str
    actor: str
    client: str


class TagMovePage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[TagMove]
    next: str | int | None


class TagThen(msgspec.Struct, kw_only=True):
    """Where a tag was at a moment, and what has become of that manifest."""

    tag: str
    digest: str
    standing: str
    since: str


class TagThenPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[TagThen]
    next: str | int | None


class HistoryApi:
    """What is served of history; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def compare_two_moments(
        self,
        repository: str | int,
        *,
        from_: str,
        to: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> TagDifferencePage:
        """Compare two moments."""
        found: TagDifferencePage = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/diff",
            {200: TagDifferencePage},
            query={"from": from_, "to": to, "limit": limit, "after": after},
        )
        return found

    def compare_two_moments_all(
        self, repository: str | int, *, from_: str, to: str | None = None, most: int | None = None
    ) -> Iterator[TagDifference]:
        """Compare two moments. Page after page, at most `most`."""
        return self._transport.pages(
            f"/repositories/{segment(repository)}/diff",
            TagDifferencePage,
            "after",
            {"from": from_, "to": to},
            most=most,
        )

    def get_tag_at_moment(
        self, repository: str | int, tag: str | int, *, at: str | None = None
    ) -> TagAt:
        """Get a tag at a moment."""
        found: TagAt = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/tags/{segment(tag)}",
            {200: TagAt},
            query={"at": at},
        )
        return found

    def list_tag_moves(
        self,
        repository: str | int,
        *,
        tag: str | None = None,
        limit: int | None = None,
        before: str | None = None,
    ) -> TagMovePage:
        """List moves of tags.

        Newest first.
        """
        found: TagMovePage = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/history",
            {200: TagMovePage},
            query={"tag": tag, "limit": limit, "before": before},
        )
        return found

    def list_tag_moves_all(
        self, repository: str | int, *, tag: str | None = None, most: int | None = None
    ) -> Iterator[TagMove]:
        """List moves of tags. Page after page, at most `most`.

        Newest first.
        """
        return self._transport.pages(
            f"/repositories/{segment(repository)}/history",
            TagMovePage,
            "before",
            {"tag": tag},
            most=most,
        )

    def list_tags_at_moment(
        self,
        repository: str | int,
        *,
        at: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> TagThenPage:
        """List tags at a moment."""
        found: TagThenPage = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/tags",
            {200: TagThenPage},
            query={"at": at, "limit": limit, "after": after},
        )
        return found

    def list_tags_at_moment_all(
        self, repository: str | int, *, at: str | None = None, most: int | None = None
    ) -> Iterator[TagThen]:
        """List tags at a moment. Page after page, at most `most`."""
        return self._transport.pages(
            f"/repositories/{segment(repository)}/tags", TagThenPage, "after", {"at": at}, most=most
        )

    def plan_rollback(
        self,
        *,
        at: str,
        repository: str | None = None,
        tag: str | None = None,
        project: str | None = None,
        through: int | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> RollbackPlan:
        """Plan a rollback."""
        found: RollbackPlan = self._transport.typed(
            "GET",
            "/rollback",
            {200: RollbackPlan},
            query={
                "at": at,
                "repository": repository,
                "tag": tag,
                "project": project,
                "through": through,
                "limit": limit,
                "after": after,
            },
        )
        return found

    def plan_rollback_all(
        self,
        *,
        at: str,
        repository: str | None = None,
        tag: str | None = None,
        project: str | None = None,
        through: int | None = None,
        most: int | None = None,
    ) -> Iterator[RollbackStep]:
        """Plan a rollback. Page after page, at most `most`."""
        return self._transport.pages(
            "/rollback",
            RollbackPlan,
            "after",
            {
                "at": at,
                "repository": repository,
                "tag": tag,
                "project": project,
                "through": through,
            },
            most=most,
        )

    def roll_back(
        self,
        body: RollbackBody,
        *,
        limit: int | None = None,
        after: str | None = None,
        key: str | None = None,
    ) -> RollbackPlan | JobView:
        """Roll back."""
        found: RollbackPlan | JobView = self._transport.typed(
            "POST",
            "/rollback",
            {200: RollbackPlan, 202: JobView},
            query={"limit": limit, "after": after},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found
