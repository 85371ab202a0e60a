"""What is served of projects.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import JobView


class NewProject(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A project to be made."""

    name: str
    public: bool = False
    networks: list[str] = []


class Project(msgspec.Struct, kw_only=True):
    """A namespace of repositories."""

    name: str
    public: bool
    networks: list[str]
    created_at: str
    created_by: str


class ProjectChange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes of a project; what is left out stays."""

    public: bool | None = None
    networks: list[str] | None = None


class ProjectPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Project]
    next: str | int | None


class ProjectsApi:
    """What is served of projects; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def change_project(
        self,
        project: str | int,
        body: ProjectChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Project:
        """Change a project."""
        found: Project = self._transport.typed(
            "PATCH",
            f"/projects/{segment(project)}",
            {200: Project},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def delete_project(
        self, project: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> JobView | None:
        """Delete a project."""
        found: JobView | None = self._transport.typed(
            "DELETE",
            f"/projects/{segment(project)}",
            {202: JobView, 204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_project(self, project: str | int) -> Project:
        """Get a project."""
        found: Project = self._transport.typed(
            "GET", f"/projects/{segment(project)}", {200: Project}
        )
        return found

    def list_projects(self, *, limit: int | None = None, after: str | None = None) -> ProjectPage:
        """List projects.

        Those that the caller may see; a page may be short and have a next one.
        """
        found: ProjectPage = self._transport.typed(
            "GET", "/projects", {200: ProjectPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_projects_all(self, *, most: int | None = None) -> Iterator[Project]:
        """List projects. Page after page, at most `most`.

        Those that the caller may see; a page may be short and have a next one.
        """
        return self._transport.pages("/projects", ProjectPage, "after", {}, most=most)

    def make_project(self, body: NewProject, *, key: str | None = None) -> Project:
        """Make a project."""
        found: Project = self._transport.typed(
            "POST", "/projects", {201: Project}, body=body, headers={"Idempotency-Key": key}
        )
        return found
