"""What is served of remotes.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from entrepot.client.transport import Transport, segment


class NewRemote(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Another registry; `account` and `secret` are what it lets in."""

    name: str
    url: str
    kind: str = "oci"
    description: str = ""
    account: str = ""
    secret: str = ""
    insecure: bool = False


class RemoteChange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What changes of a registry; what is left out stays. An empty secret is taken away."""

    name: str | None = None
    url: str | None = None
    kind: str | None = None
    description: str | None = None
    account: str | None = None
    secret: str | None = None
    insecure: bool | None = None


class RemoteReached(msgspec.Struct, kw_only=True):
    """Whether a registry answers and lets the account in, and why not."""

    ok: bool
    reason: str


class RemoteView(msgspec.Struct, kw_only=True):
    """Another registry. Its secret is never shown."""

    id: int
    name: str
    url: str
    kind: str
    description: str
    account: str
    insecure: bool
    created_at: str
    changed_at: str


class RemoteViewPage(msgspec.Struct, kw_only=True):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[RemoteView]
    next: str | int | None


class RemotesApi:
    """What is served of remotes; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add_another_registry(self, body: NewRemote, *, key: str | None = None) -> RemoteView:
        """Add another registry.

        Kinds are oci, alibaba, artifactory, aws, azure, docker-hub, entrepot, github,
        gitlab, google, harbor, huawei, quay, tencent, volcengine.
        """
        found: RemoteView = self._transport.typed(
            "POST", "/remotes", {201: RemoteView}, body=body, headers={"Idempotency-Key": key}
        )
        return found

    def ask_whether_registry_is_there(
        self, remote: str | int, *, key: str | None = None
    ) -> RemoteReached:
        """Ask whether a registry is there."""
        found: RemoteReached = self._transport.typed(
            "POST",
            f"/remotes/{segment(remote)}/ping",
            {200: RemoteReached},
            headers={"Idempotency-Key": key},
        )
        return found

    def change_another_registry(
        self,
        remote: str | int,
        body: RemoteChange,
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> RemoteView:
        """Change another registry.

        With an address on another server the secret is to be given again.
        """
        found: RemoteView = self._transport.typed(
            "PATCH",
            f"/remotes/{segment(remote)}",
            {200: RemoteView},
            body=body,
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )
        return found

    def get_another_registry(self, remote: str | int) -> RemoteView:
        """Get another registry."""
        found: RemoteView = self._transport.typed(
            "GET", f"/remotes/{segment(remote)}", {200: RemoteView}
        )
        return found

    def list_other_registries(
        self, *, limit: int | None = None, after: int | None = None
    ) -> RemoteViewPage:
        """List other registries."""
        found: RemoteViewPage = self._transport.typed(
            "GET", "/remotes", {200: RemoteViewPage}, query={"limit": limit, "after": after}
        )
        return found

    def list_other_registries_all(self, *, most: int | None = None) -> Iterator[RemoteView]:
        """List other registries. Page after page, at most `most`."""
        return self._transport.pages("/remotes", RemoteViewPage, "after", {}, most=most)

    def remove_another_registry(
        self, remote: str | int, *, key: str | None = None, if_match: str | None = None
    ) -> None:
        """Remove another registry."""
        self._transport.typed(
            "DELETE",
            f"/remotes/{segment(remote)}",
            {204: None},
            headers={"Idempotency-Key": key, "If-Match": if_match},
        )

    def try_out_registry(self, body: NewRemote, *, key: str | None = None) -> RemoteReached:
        """Try out a registry.

        It is asked with this account, and not kept.
        """
        found: RemoteReached = self._transport.typed(
            "POST",
            "/remotes/ping",
            {200: RemoteReached},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found
