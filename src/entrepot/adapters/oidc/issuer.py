"""One issuer of tokens: its metadata, its keys, and what they signed."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from entrepot.ports.federation import Claims, Refusal, TokenRefused
from entrepot.ports.identity import SourceFailed

from .discovery import Discovery, Metadata
from .fetching import ANSWER_MAX_BYTES, Fetcher
from .keys import IssuerKeys, parse_keys
from .once import Kept
from .tokens import Token, check_claims, is_signed, read_claims, take_apart

KEYS_FRESH_SECONDS = 300.0
"""So long a key may still be taken after the issuer dropped it."""
KEYS_STALE_SECONDS = 3600.0
"""So long keys are kept while the issuer cannot be asked."""
UNKNOWN_KEY_SECONDS = 30.0
"""A token that names an unknown key has the keys fetched again, no more often than this."""


class Issuer:
    """Verifies tokens of one issuer.

    `keys_file` is a JWK set to use in place of the issuer's address, for one that cannot be
    reached (a cluster's `/openid/v1/jwks`); it is read again as keys are fetched again.
    """

    def __init__(self, name: str, fetcher: Fetcher, keys_file: Path | None = None) -> None:
        self.name = name
        self._fetcher = fetcher
        self._keys_file = keys_file
        self._discovery = Discovery(name, fetcher)
        self._keys = Kept(
            self._fetch_keys,
            fresh_seconds=KEYS_FRESH_SECONDS,
            stale_seconds=KEYS_STALE_SECONDS,
        )

    async def metadata(self, now: float) -> Metadata:
        """Return what the issuer says of itself. Raises `SourceFailed`."""
        return await self._discovery.get(now)

    async def keys(self, now: float, *, newer_than_seconds: float | None = None) -> IssuerKeys:
        """Return its keys. Raises `SourceFailed`."""
        return await self._keys.get(now, newer_than_seconds=newer_than_seconds)

    async def verify(
        self, text: str, *, audiences: Collection[str], now: float
    ) -> tuple[Token, Claims]:
        """Return a token's parts and claims. Raises `TokenRefused` and `SourceFailed`."""
        token = take_apart(text)
        signed = is_signed(token, await self.keys(now))
        if signed is None:
            keys = await self.keys(now, newer_than_seconds=UNKNOWN_KEY_SECONDS)
            signed = is_signed(token, keys)
        if signed is None:
            raise TokenRefused(
                Refusal.KEY,
                f"the token's key is none of {self.name} for {token.algorithm}: get a new token",
            )
        if not signed:
            raise TokenRefused(
                Refusal.SIGNATURE, f"the token is not signed by {self.name}: get a new one"
            )
        claims = read_claims(token)
        check_claims(claims, issuer=self.name, audiences=audiences, now=now)
        return token, claims

    async def _fetch_keys(self, now: float) -> IssuerKeys:
        if self._keys_file is not None:
            return parse_keys(_read(self._keys_file), str(self._keys_file))
        metadata = await self._discovery.get(now)
        answer = await self._fetcher.get(metadata.jwks_url)
        if answer.status != 200:
            raise SourceFailed(
                f"{metadata.jwks_url} answers with status {answer.status}, and has no keys of "
                f"{self.name}: look at the provider's health, or name a file with its keys"
            )
        return parse_keys(answer.json(), metadata.jwks_url)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(ANSWER_MAX_BYTES + 1)
        if len(raw) > ANSWER_MAX_BYTES:
            raise SourceFailed(f"{path} has more than {ANSWER_MAX_BYTES} bytes")
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise SourceFailed(
            f"{path} holds no JWK set that can be read: {error}; write there what the issuer's "
            "jwks_uri says"
        ) from error
