"""What is served of roles.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class NamedRole(msgspec.Struct, kw_only=True):
    """A name for permissions, to be granted in projects."""

    name: str
    built_in: bool
    permissions: list[str]
    description: str
    changed_at: str | None


class NamedRolePage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[NamedRole]
    next: str | int | None


class PermissionTold(msgspec.Struct, kw_only=True):
    """What can be granted, and which of the built-in roles have it."""

    name: str
    level: str
    about: str
    roles: list[str]


class PermissionToldPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[PermissionTold]
    next: str | int | None


class RoleBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a role of one's own is to be."""

    permissions: list[str]
    description: str = ""


class RolesApi:
    """What is served of roles; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_role(self, role: str | int) -> NamedRole:
        """Get a role."""
        found: NamedRole = self._transport.typed("GET", f"/roles/{segment(role)}", {200: NamedRole})
        return found

    def list_permissions(self) -> PermissionToldPage:
        """List permissions."""
        found: PermissionToldPage = self._transport.typed(
            "GET", "/permissions", {200: PermissionToldPage}
        )
        return found

    def list_roles(self, *, limit: int | None = None, after: str | None = None) -> NamedRolePage:
        """List roles."""
        found: NamedRolePage = self._transport.typed(
            "GET", "/roles", {200: NamedRolePage}, query={"limit": limit, "after": after}
        )
        return found

    def list_roles_all(self, *, most: int | None = None) -> Iterator[NamedRole]:
        """List roles. Page after page, at most `most`."""
        return self._transport.pages("/roles", NamedRolePage, "after", {}, most=most)

    def put_role(
        self,
        role: str | int,
        body: RoleBody,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> NamedRole:
        """Put a role."""
        found: NamedRole = self._transport.typed(
            "PUT",
            f"/roles/{segment(role)}",
            {200: NamedRole},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def remove_role(
        self, role: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a role."""
        self._transport.typed(
            "DELETE",
            f"/roles/{segment(role)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
