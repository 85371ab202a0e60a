"""A poster that loads its HTTP client with the first parcel."""

import asyncio

from entrepot.ports.posting import Parcel, Poster, Receipt
from entrepot.rules.networks import EVERYWHERE, Networks


class LatePoster:
    """`ports.posting.Poster` that costs no start-up time and no memory while there is no webhook.

    `allowed` are networks that may be sent to though they are not public. With a `proxy`, an
    `http://` URL, all goes there, and it decides what names mean.
    """

    def __init__(self, allowed: Networks = EVERYWHERE, *, proxy: str = "") -> None:
        self._allowed = allowed
        self._proxy = proxy
        self._lock = asyncio.Lock()
        self._made: Poster | None = None

    async def post(self, parcel: Parcel) -> Receipt:
        """See the port."""
        poster = self._made or await self._load()
        return await poster.post(parcel)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    async def _load(self) -> Poster:
        async with self._lock:
            if self._made is None:
                # In a thread: a third of a second in which others are to be served.
                self._made = await asyncio.to_thread(_poster, self._allowed, self._proxy)
            return self._made


def _poster(allowed: Networks, proxy: str) -> Poster:
    from .client import HttpPoster

    return HttpPoster(allowed, proxy=proxy)
