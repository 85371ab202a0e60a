"""Issuers that load what they need with the first token."""

import asyncio
from collections.abc import Collection, Iterable

from entrepot.ports.federation import Claims, Issuers

from .site import Site


class LateIssuers:
    """`ports.federation.Issuers` that cost no start-up time and no memory while nobody comes."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self._sites = tuple(sites)
        self._lock = asyncio.Lock()
        self._made: Issuers | None = None

    async def verify(
        self, token: str, *, issuer: str, audiences: Collection[str], now: float
    ) -> Claims:
        """See the port; a file of authorities that is no use shows here, as `SourceFailed`."""
        issuers = self._made or await self._load()
        return await issuers.verify(token, issuer=issuer, audiences=audiences, now=now)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    async def _load(self) -> Issuers:
        async with self._lock:
            if self._made is None:
                # In a thread: a third of a second in which others are to be served.
                self._made = await asyncio.to_thread(_issuers, self._sites)
            return self._made


def _issuers(sites: tuple[Site, ...]) -> Issuers:
    from .issuers import OidcIssuers

    return OidcIssuers(sites)
