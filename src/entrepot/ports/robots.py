"""Robot accounts, credentials by chance, trust in workloads, and revoked tokens."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Robot:
    """An account of a machine. `id` is 0 until it is written."""

    id: int
    name: str
    """As clients send it: `robot$ci`, or `robot$acme+ci` of a project."""
    project: str
    """Whose it is; empty for a robot of the registry."""
    description: str
    networks: tuple[str, ...]
    enabled: bool
    expires_at: float | None
    created_at: float
    created_by: str
    changed_at: float
    """Tells old tokens from new."""


class CredentialKind(StrEnum):
    """What a credential is good for."""

    ROBOT = "robot"
    TOKEN = "token"  # noqa: S105  a word, not a secret
    CLI = "cli"
    """The secret that stands for the password of a user who has none here."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret of somebody, by chance or chosen; only its hash is kept."""

    id: str
    """Public: the secret begins with it."""
    kind: CredentialKind
    owner: str
    label: str
    hash: bytes
    """SHA-256 of the secret, which has 256 bits by chance; of a chosen one the slow hash."""
    limits: str
    """JSON text of what it narrows its owner to; empty for nothing."""
    networks: tuple[str, ...]
    created_at: float
    expires_at: float | None
    used_at: float | None


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """Trust in tokens of one issuer; `document` is JSON text that `rules.federation` reads."""

    name: str
    issuer: str
    document: str
    changed_at: float
    changed_by: str


class Robots(Protocol):
    """Robots by name."""

    async def find(self, name: str) -> Robot | None: ...
    async def add(self, robot: Robot) -> int | None:
        """Write a new one and return its id; None when the name is taken."""
        ...

    async def change(self, robot: Robot) -> bool:
        """Write all of it anew but id, name, project and origin."""
        ...

    async def remove(self, name: str) -> bool: ...
    async def page(self, project: str | None, after: str, limit: int) -> list[Robot]:
        """Return robots with names above `after`: of a project, of the registry (''), or all."""
        ...

    async def by_id(self, robot_id: int) -> Robot | None: ...


class Credentials(Protocol):
    """Hashed secrets by their public ids."""

    async def find(self, credential_id: str) -> Credential | None: ...
    async def add(self, credential: Credential) -> None: ...
    async def expire(self, credential_id: str, at: float) -> bool:
        """Let it end at a time, unless it ends before."""
        ...

    async def remove(self, credential_id: str) -> bool: ...
    async def of(self, kind: CredentialKind, owner: str) -> list[Credential]:
        """Return those of one owner, of which services keep few."""
        ...

    async def forget(self, kind: CredentialKind, owner: str) -> int: ...
    async def used(self, credential_id: str, at: float) -> None: ...


class Workloads(Protocol):
    """Rules of trust in workloads, by name."""

    async def find(self, name: str) -> WorkloadRow | None: ...
    async def put(self, row: WorkloadRow) -> None: ...
    async def remove(self, name: str) -> bool: ...
    async def page(self, after: str, limit: int) -> list[WorkloadRow]: ...
    async def by_issuer(self, issuer: str, limit: int) -> list[WorkloadRow]: ...


class Revocations(Protocol):
    """Ids of tokens (`jti`) that were revoked before they expired."""

    async def add(self, token_id: str, until: float, by: str) -> None: ...
    async def all(self, now: float, limit: int) -> list[str]:
        """Return those that have not expired."""
        ...

    async def prune(self, before: float, limit: int) -> int: ...
