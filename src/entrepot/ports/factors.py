"""Second factors and web sessions: proof besides a password and its life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    """What a row is."""

    TOTP = "totp"
    """An authenticator app; `counter` is the last step whose code was taken."""
    PASSKEY = "passkey"
    """`counter` is the authenticator's own, of its signatures."""
    RECOVERY = "recovery"
    """A code on paper, hashed."""
    PENDING = "pending"
    """A ceremony under way: an enrolment to be confirmed, a sign-in that needs more."""
    TRIES = "tries"
    """Wrong codes in a row, `counter` of them, the last at `used_at`."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One row of a user. `credential` is what it is found by, unique among all users.

    `sealed` is bound to user and kind, and holds nothing where nothing is to be kept. `id` is 0
    for a new one.
    """

    user_name: str
    kind: Kind
    label: str
    credential: str
    sealed: bytes
    created_at: float
    used_at: float | None = None
    counter: int = 0
    id: int = 0


class Factors(Protocol):
    """Second factors by user."""

    async def of(self, user_name: str) -> list[Factor]:
        """Return all rows of a user, by id; services keep them few."""
        ...

    async def find(self, credential: str) -> Factor | None: ...
    async def add(self, factor: Factor) -> bool:
        """Write a new row; False when its credential is taken."""
        ...

    async def use(self, factor_id: int, *, before: int, after: int, now: float) -> bool:
        """Set the counter; False unless it was `before`: somebody else was faster."""
        ...

    async def remove(self, factor_id: int) -> bool: ...
    async def remove_kind(self, user_name: str, kind: Kind) -> int: ...
    async def remove_all(self, user_name: str) -> int: ...


@dataclass(frozen=True, slots=True)
class WebSession:
    """A browser that signed in. `id_hash` is SHA-256 of the id that only the browser has."""

    id_hash: str
    user_name: str
    created_at: float
    expires_at: float
    seen_at: float
    address: str
    client: str


class WebSessions(Protocol):
    """Sessions of browsers."""

    async def find(self, id_hash: str) -> WebSession | None: ...
    async def add(self, session: WebSession) -> None: ...
    async def seen(self, id_hash: str, now: float) -> bool: ...
    async def remove(self, id_hash: str) -> bool: ...
    async def of(self, user_name: str) -> list[WebSession]:
        """Return a user's, the oldest first; services keep them few."""
        ...

    async def remove_all(self, user_name: str) -> int: ...
    async def expire(self, now: float, limit: int) -> int:
        """Remove some that ended before `now`; return how many."""
        ...


class PasskeyRefused(Exception):
    """An answer of an authenticator that proves nothing; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """What is known of an authenticator's key: its id and public key (COSE), and its counter."""

    credential_id: bytes
    public_key: bytes
    counter: int


class Passkeys(Protocol):
    """The ceremonies of WebAuthn Level 3, with user verification.

    An `answer` is what the browser's `PublicKeyCredential.toJSON()` gives.
    """

    def registration_options(
        self, user_name: str, *, challenge: bytes, known: Sequence[bytes]
    ) -> dict[str, Any]:
        """Return the options for `navigator.credentials.create`, as JSON; not for `known` ids."""
        ...

    def register(self, answer: Mapping[str, Any], *, challenge: bytes) -> Passkey:
        """Return the new key. Raises `PasskeyRefused`."""
        ...

    def authentication_options(self, *, challenge: bytes, known: Sequence[bytes]) -> dict[str, Any]:
        """Return the options for `navigator.credentials.get`, as JSON."""
        ...

    def authenticate(self, answer: Mapping[str, Any], *, challenge: bytes, passkey: Passkey) -> int:
        """Return the authenticator's counter now. Raises `PasskeyRefused`, for a copy too."""
        ...
