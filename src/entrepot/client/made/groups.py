"""What is served of groups.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class Group(msgspec.Struct, kw_only=True):
    """A group of users, who get what is granted to it."""

    name: str
    description: str
    created_at: str


class GroupChange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes of a group."""

    description: str


class GroupPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Group]
    next: str | int | None


class Member(msgspec.Struct, kw_only=True):
    """A user in a group, and who put them there."""

    user: str
    sources: list[str]


class MemberPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Member]
    next: str | int | None


class Membership(msgspec.Struct, kw_only=True):
    """A group that a user is in, and who put them there."""

    group: str
    sources: list[str]


class MembershipPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Membership]
    next: str | int | None


class NewGroup(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A group to be made."""

    name: str
    description: str = ""


class GroupsApi:
    """What is served of groups; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add_member(
        self,
        group: str | int,
        user: str | int,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """Put a user into a group."""
        self._transport.typed(
            "PUT",
            f"/groups/{segment(group)}/members/{segment(user)}",
            {204: None},
            body={},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def change_group(
        self,
        group: str | int,
        body: GroupChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Group:
        """Change a group."""
        found: Group = self._transport.typed(
            "PATCH",
            f"/groups/{segment(group)}",
            {200: Group},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_group(self, group: str | int) -> Group:
        """Get a group."""
        found: Group = self._transport.typed("GET", f"/groups/{segment(group)}", {200: Group})
        return found

    def list_groups(self, *, limit: int | None = None, after: str | None = None) -> GroupPage:
        """List groups."""
        found: GroupPage = self._transport.typed(
            "GET", "/groups", {200: GroupPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_groups_all(self, *, most: int | None = None) -> Iterator[Group]:
        """List groups. Page after page, at most `most`."""
        return self._transport.pages("/groups", GroupPage, "after", {}, most=most)

    def list_members(
        self, group: str | int, *, limit: int | None = None, after: str | None = None
    ) -> MemberPage:
        """List members of a group."""
        found: MemberPage = self._transport.typed(
            "GET",
            f"/groups/{segment(group)}/members",
            {200: MemberPage},
            query={"limit": limit, "after": after},
        )
        return found

    def list_members_all(self, group: str | int, *, most: int | None = None) -> Iterator[Member]:
        """List members of a group. Page after page, at most `most`."""
        return self._transport.pages(
            f"/groups/{segment(group)}/members", MemberPage, "after", {}, most=most
        )

    def list_user_groups(self, name: str | int) -> MembershipPage:
        """List groups of a user."""
        found: MembershipPage = self._transport.typed(
            "GET", f"/users/{segment(name)}/groups", {200: MembershipPage}
        )
        return found

    def make_group(self, body: NewGroup, *, key: str | None = None) -> Group:
        """Make a group."""
        found: Group = self._transport.typed(
            "POST", "/groups", {201: Group}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def remove_group(
        self, group: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a group."""
        self._transport.typed(
            "DELETE",
            f"/groups/{segment(group)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def remove_member(
        self,
        group: str | int,
        user: str | int,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> None:
        """Take a user out of a group."""
        self._transport.typed(
            "DELETE",
            f"/groups/{segment(group)}/members/{segment(user)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
