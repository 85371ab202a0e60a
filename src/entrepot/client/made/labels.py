"""What is served of labels.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class Label(msgspec.Struct, kw_only=True):
    """A label that people put on artifacts; `project` is empty for one of the whole registry."""

    id: int
    project: str
    name: str
    description: str
    color: str
    created_at: str
    changed_at: str


class LabelChange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes of a label; what is left out stays."""

    name: str | None = None
    description: str | None = None
    color: str | None = None


class LabelPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Label]
    next: str | int | None


class LabelPlace(msgspec.Struct, kw_only=True):
    """An artifact that a label is on."""

    repository: str
    digest: str


class LabelPlacePage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[LabelPlace]
    next: str | int | None


class NewLabel(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A label to be made; `color` is `#RRGGBB`."""

    name: str
    description: str = ""
    color: str = "#FFFFFF"


class LabelsApi:
    """What is served of labels; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def change_label(
        self,
        label: str | int,
        body: LabelChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Label:
        """Change a label."""
        found: Label = self._transport.typed(
            "PATCH",
            f"/labels/{segment(label)}",
            {200: Label},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def change_label_project(
        self,
        project: str | int,
        label: str | int,
        body: LabelChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Label:
        """Change a label of a project."""
        found: Label = self._transport.typed(
            "PATCH",
            f"/projects/{segment(project)}/labels/{segment(label)}",
            {200: Label},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_label(self, label: str | int) -> Label:
        """Get a label."""
        found: Label = self._transport.typed("GET", f"/labels/{segment(label)}", {200: Label})
        return found

    def get_label_project(self, project: str | int, label: str | int) -> Label:
        """Get a label of a project."""
        found: Label = self._transport.typed(
            "GET", f"/projects/{segment(project)}/labels/{segment(label)}", {200: Label}
        )
        return found

    def list_artifacts_with_label(
        self, label: str | int, *, limit: int | None = None, after: str | None = None
    ) -> LabelPlacePage:
        """List artifacts with a label.

        Those that the caller may pull. A page may have few entries and go on all the same.
        """
        found: LabelPlacePage = self._transport.typed(
            "GET",
            f"/labels/{segment(label)}/artifacts",
            {200: LabelPlacePage},
            query={"limit": limit, "after": after},
        )
        return found

    def list_artifacts_with_label_all(
        self, label: str | int, *, most: int | None = None
    ) -> Iterator[LabelPlace]:
        """List artifacts with a label. Page after page, at most `most`.

        Those that the caller may pull. A page may have few entries and go on all the same.
        """
        return self._transport.pages(
            f"/labels/{segment(label)}/artifacts", LabelPlacePage, "after", {}, most=most
        )

    def list_artifacts_with_label_project(
        self,
        project: str | int,
        label: str | int,
        *,
        limit: int | None = None,
        after: str | None = None,
    ) -> LabelPlacePage:
        """List artifacts with a label of a project.

        Those that the caller may pull. A page may have few entries and go on all the same.
        """
        found: LabelPlacePage = self._transport.typed(
            "GET",
            f"/projects/{segment(project)}/labels/{segment(label)}/artifacts",
            {200: LabelPlacePage},
            query={"limit": limit, "after": after},
        )
        return found

    def list_artifacts_with_label_project_all(
        self, project: str | int, label: str | int, *, most: int | None = None
    ) -> Iterator[LabelPlace]:
        """List artifacts with a label of a project. Page after page, at most `most`.

        Those that the caller may pull. A page may have few entries and go on all the same.
        """
        return self._transport.pages(
            f"/projects/{segment(project)}/labels/{segment(label)}/artifacts",
            LabelPlacePage,
            "after",
            {},
            most=most,
        )

    def list_labels(self, *, name: str | None = None) -> LabelPage:
        """List labels."""
        found: LabelPage = self._transport.typed(
            "GET", "/labels", {200: LabelPage}, query={"name": name}
        )
        return found

    def list_labels_on_artifact(self, repository: str | int, digest: str | int) -> LabelPage:
        """List labels on an artifact."""
        found: LabelPage = self._transport.typed(
            "GET",
            f"/repositories/{segment(repository)}/artifacts/{segment(digest)}/labels",
            {200: LabelPage},
        )
        return found

    def list_labels_project(self, project: str | int, *, name: str | None = None) -> LabelPage:
        """List labels of a project."""
        found: LabelPage = self._transport.typed(
            "GET", f"/projects/{segment(project)}/labels", {200: LabelPage}, query={"name": name}
        )
        return found

    def make_label(self, body: NewLabel, *, key: str | None = None) -> Label:
        """Make a label."""
        found: Label = self._transport.typed(
            "POST", "/labels", {201: Label}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def make_label_project(
        self, project: str | int, body: NewLabel, *, key: str | None = None
    ) -> Label:
        """Make a label of a project."""
        found: Label = self._transport.typed(
            "POST",
            f"/projects/{segment(project)}/labels",
            {201: Label},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def put_label_on_artifact(
        self,
        repository: str | int,
        digest: str | int,
        label: str | int,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """Put a label on an artifact."""
        self._transport.typed(
            "PUT",
            f"/repositories/{segment(repository)}/artifacts/{segment(digest)}/labels/{segment(label)}",
            {204: None},
            body={},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def remove_label(
        self, label: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a label.

        It goes from all artifacts, in steps: cut off in between, ask again.
        """
        self._transport.typed(
            "DELETE",
            f"/labels/{segment(label)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def remove_label_project(
        self,
        project: str | int,
        label: str | int,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """Remove a label of a project.

        It goes from all artifacts, in steps: cut off in between, ask again.
        """
        self._transport.typed(
            "DELETE",
            f"/projects/{segment(project)}/labels/{segment(label)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def take_label_from_artifact(
        self,
        repository: str | int,
        digest: str | int,
        label: str | int,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """Take a label from an artifact."""
        self._transport.typed(
            "DELETE",
            f"/repositories/{segment(repository)}/artifacts/{segment(digest)}/labels/{segment(label)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
