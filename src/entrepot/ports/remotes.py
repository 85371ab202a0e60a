"""Other registries, and what shall be copied from and to them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Remote:
    """Another registry. `id` is 0 until it is written; the account's secret is sealed elsewhere."""

    id: int
    name: str
    kind: str
    """One of `rules.remotes.KINDS`."""
    url: str
    """`http` or `https`, a host, and a path where there is one."""
    description: str
    insecure: bool
    """Whether its certificate is not looked at."""
    account: str
    """Empty for an anonymous one."""
    created_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class ReplicationRow:
    """A replication policy; `document` is JSON text that `rules.replication` reads."""

    id: int
    name: str
    remote_id: int
    enabled: bool
    document: str
    created_at: float
    changed_at: float
    changed_by: str


class Remotes(Protocol):
    """Other registries by id; names are unique."""

    async def add(self, remote: Remote) -> int | None:
        """Write it and return its id; None when there is one of that name."""
        ...

    async def find(self, remote_id: int) -> Remote | None: ...
    async def by_name(self, name: str) -> Remote | None: ...
    async def change(self, remote: Remote) -> None:
        """Write it anew. The name is free."""
        ...

    async def remove(self, remote_id: int) -> bool:
        """Remove it; no policy names it."""
        ...

    async def page(self, after: int, limit: int) -> list[Remote]:
        """Return those with an id above `after`."""
        ...


class ReplicationPolicies(Protocol):
    """Replication policies by id; names are unique."""

    async def add(self, row: ReplicationRow) -> int | None:
        """Write it and return its id; None when there is one of that name."""
        ...

    async def find(self, policy_id: int) -> ReplicationRow | None: ...
    async def by_name(self, name: str) -> ReplicationRow | None: ...
    async def change(self, row: ReplicationRow) -> None:
        """Write it anew. The name is free."""
        ...

    async def remove(self, policy_id: int) -> bool: ...
    async def page(self, after: int, limit: int) -> list[ReplicationRow]:
        """Return those with an id above `after`."""
        ...

    async def of_remote(self, remote_id: int) -> ReplicationRow | None:
        """Return one policy that names the remote, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a registry: its address, and an account with its secret, both may be empty."""

    url: str
    account: str = ""
    secret: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of asking another registry."""

    ok: bool
    reason: str = ""
    """Why not, for people; never with a secret in it."""


class RemoteRegistry(Protocol):
    """Talks to other registries."""

    async def ping(self, login: Login) -> Reached:
        """Ask whether a registry answers at `/v2/` and lets this account in; in bounded time."""
        ...
