"""Signing keys and other secrets of the registry's own, as sealed rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.rules.keyring import KeyTimes


@dataclass(frozen=True, slots=True)
class SigningKeyRow:
    """A signing key: `sealed` is PEM, the private key, or the public one once it signs no more."""

    kid: str
    sealed: bytes
    created_at: float
    activates_at: float
    retires_at: float | None

    @property
    def times(self) -> KeyTimes:
        return KeyTimes(self.kid, self.created_at, self.activates_at, self.retires_at)


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A sealed secret by its name, such as `upstream/docker.io`."""

    name: str
    sealed: bytes
    changed_at: float


@dataclass(frozen=True, slots=True)
class SealedValue:
    """What one row keeps sealed; `place` is where it stands among its kind, `name` what it is."""

    place: str
    name: str
    sealed: bytes


class SealedRows(Protocol):
    """Sealed values of one kind of row."""

    async def page_sealed(self, after: str, limit: int) -> list[SealedValue]:
        """Return values at places behind `after`, empty for the start, in a steady order."""
        ...

    async def reseal(self, place: str, sealed: bytes) -> None:
        """Write the same value, sealed anew."""
        ...


class SigningKeys(SealedRows, Protocol):
    """The keys that tokens are signed with."""

    async def all(self) -> list[SigningKeyRow]:
        """Return all, by when they begin to sign; there are few."""
        ...

    async def add(self, row: SigningKeyRow) -> None: ...
    async def move(self, times: KeyTimes) -> None:
        """Write when a key signs."""
        ...

    async def remove(self, kid: str) -> bool: ...


class SealedSecrets(SealedRows, Protocol):
    """Secrets by name."""

    async def find(self, name: str) -> SecretRow | None: ...
    async def put(self, row: SecretRow) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, name: str) -> bool: ...
    async def page(self, after: str, limit: int) -> list[SecretRow]:
        """Return secrets with names above `after`, bytewise."""
        ...


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key of a ring, as PEM; with the private key, or with the public one alone."""

    times: KeyTimes
    pem: bytes


class KeyMint(Protocol):
    """Makes signing keys, and says of them what rows need to know. All PEM."""

    def make(self) -> bytes:
        """Return a new private key."""
        ...

    def kid(self, pem: bytes) -> str:
        """Return a key's RFC 7638 thumbprint. Raises ValueError for no key of ours."""
        ...

    def public(self, pem: bytes) -> bytes:
        """Return the public key alone."""
        ...


class SigningRing(Protocol):
    """What signs with the keys that it was given last."""

    def use(self, keys: Sequence[RingKey]) -> None:
        """Sign and verify with these from now on, as `rules.keyring` says at each time."""
        ...
