"""What is served of users.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment

from .shared import Role


class NewUser(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A user to be added."""

    name: str
    password: str
    role: Role = "user"


class User(msgspec.Struct, kw_only=True):
    """A user of the registry's own, with a role in all of it."""

    name: str
    role: str
    created_at: str


class UserChange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes of a user; what is left out stays."""

    password: str | None = None
    role: Role | None = None


class UserPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[User]
    next: str | int | None


class UserProfile(msgspec.Struct, kw_only=True):
    """What the source of a user says of them, and whether they may log in."""

    name: str
    source: str
    email: str
    display_name: str
    enabled: bool
    seen_at: str


class UsersApi:
    """What is served of users; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add_user(self, body: NewUser, *, key: str | None = None) -> User:
        """Add a user."""
        found: User = self._transport.typed(
            "POST", "/users", {201: User}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def change_user(
        self,
        name: str | int,
        body: UserChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> User:
        """Change a user."""
        found: User = self._transport.typed(
            "PATCH",
            f"/users/{segment(name)}",
            {200: User},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def disable_user(self, name: str | int, *, key: str | None = None) -> UserProfile:
        """Switch a user off.

        What they hold stays theirs; sessions and tokens are good no more.
        """
        found: UserProfile = self._transport.typed(
            "POST",
            f"/users/{segment(name)}/disable",
            {200: UserProfile},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def enable_user(self, name: str | int, *, key: str | None = None) -> UserProfile:
        """Switch a user on."""
        found: UserProfile = self._transport.typed(
            "POST",
            f"/users/{segment(name)}/enable",
            {200: UserProfile},
            body={},
            headers={"Idempotency-Key": key},
        )
        return found

    def get_user(self, name: str | int) -> User:
        """Get a user."""
        found: User = self._transport.typed("GET", f"/users/{segment(name)}", {200: User})
        return found

    def get_user_profile(self, name: str | int) -> UserProfile:
        """Get a user's profile."""
        found: UserProfile = self._transport.typed(
            "GET", f"/users/{segment(name)}/profile", {200: UserProfile}
        )
        return found

    def list_users(self, *, limit: int | None = None, after: str | None = None) -> UserPage:
        """List users."""
        found: UserPage = self._transport.typed(
            "GET", "/users", {200: UserPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_users_all(self, *, most: int | None = None) -> Iterator[User]:
        """List users. Page after page, at most `most`."""
        return self._transport.pages("/users", UserPage, "after", {}, most=most)

    def remove_user(
        self, name: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove a user."""
        self._transport.typed(
            "DELETE",
            f"/users/{segment(name)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
