"""Secrets and keys: kept where only the registry can read them."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Secrets(Protocol):
    """Named secrets that are made on first use."""

    async def ensure(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the secret, made and stored durably by the first who asks."""
        ...


class Passwords(Protocol):
    """A slow hash for passwords."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password_hash: str, password: str) -> bool:
        """Compare in a time that tells nothing; False too for a hash it cannot read."""
        ...


class TokenSigner(Protocol):
    """Signs and reads JSON Web Tokens (RFC 7519).

    What is `long_lived`, such as refresh tokens and reports, only the registry itself reads; it
    outlives the key that signs access tokens.
    """

    @property
    def epoch(self) -> int:
        """Return another number once what was verified before may not be believed any more."""
        ...

    def sign(self, claims: Mapping[str, Any], *, long_lived: bool = False) -> str: ...
    def verify(self, token: str, *, long_lived: bool = False) -> dict[str, Any] | None:
        """Return the claims if the signature is ours; times and audience are not looked at."""
        ...

    def jwks(self) -> dict[str, Any]:
        """Return the public keys (RFC 7517)."""
        ...
