"""What is served of access.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

import msgspec

from entrepot.client.transport import Transport


class Answer(msgspec.Struct, kw_only=True):
    """Whether somebody may do something, and why."""

    who: str
    kind: str
    permission: str
    on: str
    project: str
    allowed: bool
    reason: str
    obstacle: str
    roles: list[str]
    steps: list[Looked]


class HeldGrant(msgspec.Struct, kw_only=True):
    """Something that was granted, and where it is from."""

    scope: str
    source: str


class Looked(msgspec.Struct, kw_only=True):
    """One thing that was looked at, and what it meant for the answer."""

    looked_at: str
    found: str


class WhoAmI(msgspec.Struct, kw_only=True):
    """Who the caller is."""

    name: str
    kind: str
    role: str | None
    groups: list[str]
    grants: list[HeldGrant]
    narrowed: bool
    address: str


class AccessApi:
    """What is served of access; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def explain(
        self,
        *,
        permission: str,
        who: str | None = None,
        on: str | None = None,
        address: str | None = None,
    ) -> Answer:
        """Explain why somebody may or may not."""
        found: Answer = self._transport.typed(
            "GET",
            "/explain",
            {200: Answer},
            query={"permission": permission, "who": who, "on": on, "address": address},
        )
        return found

    def whoami(self) -> WhoAmI:
        """Say who one is."""
        found: WhoAmI = self._transport.typed("GET", "/whoami", {200: WhoAmI})
        return found
