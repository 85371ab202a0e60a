"""The issuers whose tokens are exchanged for tokens of the registry."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from pathlib import Path

from entrepot.ports.federation import Claims, Refusal, TokenRefused
from entrepot.rules.federation.claims import shown

from .fetching import Fetcher, is_safe_url
from .issuer import Issuer
from .site import Site

ISSUERS_MAX = 64
"""Issuers whose keys are kept; beyond that, those asked for longest ago are fetched again."""


class OidcIssuers:
    """Asks the issuers that it is told to, each at its own address or as its `Site` says."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        """Raises `SourceFailed` for a file of authorities that is no use."""
        self._sites = {site.issuer: site for site in sites}
        # One client for each file of authorities: none vouches for the issuers of another.
        files: set[Path | None] = {None, *(site.ca_file for site in self._sites.values())}
        self._fetchers = {file: Fetcher(file) for file in files}
        self._issuers: OrderedDict[str, Issuer] = OrderedDict()

    async def verify(
        self, token: str, *, issuer: str, audiences: Collection[str], now: float
    ) -> Claims:
        """See `ports.federation.Issuers`."""
        if not is_safe_url(issuer):
            raise TokenRefused(
                Refusal.ISSUER,
                f"'{shown(issuer)}' is no issuer that can be asked: it must be an https:// URL",
            )
        found = self._issuer(issuer)
        return (await found.verify(token, audiences=audiences, now=now))[1]

    async def close(self) -> None:
        for fetcher in self._fetchers.values():
            await fetcher.close()

    def _issuer(self, name: str) -> Issuer:
        found = self._issuers.get(name)
        if found is None:
            site = self._sites.get(name, Site(name))
            found = Issuer(name, self._fetchers[site.ca_file], site.keys_file)
            self._issuers[name] = found
            if len(self._issuers) > ISSUERS_MAX:
                self._issuers.popitem(last=False)
        self._issuers.move_to_end(name)
        return found
