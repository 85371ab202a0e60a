"""What a provider says of itself (OpenID Connect Discovery 1.0, RFC 8414)."""

from dataclasses import dataclass
from typing import Any

from entrepot.ports.identity import SourceFailed

from .fetching import Fetcher, is_safe_url
from .once import Kept

PATH = "/.well-known/openid-configuration"
FRESH_SECONDS = 3600.0
STALE_SECONDS = 86400.0
"""Addresses hardly ever change, and a wrong one only fails."""
VALUES_MAX = 64


@dataclass(frozen=True, slots=True)
class Metadata:
    """The parts that are used. An empty URL is one that the provider does not have."""

    issuer: str
    jwks_url: str
    authorization_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    auth_methods: tuple[str, ...] = ("client_secret_basic",)
    is_issuer_returned: bool = False
    """Whether `iss` comes with each authorization response (RFC 9207)."""
    challenge_methods: tuple[str, ...] = ()


class Discovery:
    """Asks one issuer for its metadata, and keeps it."""

    def __init__(self, issuer: str, fetcher: Fetcher) -> None:
        self._issuer = issuer
        self._fetcher = fetcher
        self._kept = Kept(self._fetch, fresh_seconds=FRESH_SECONDS, stale_seconds=STALE_SECONDS)

    async def get(self, now: float) -> Metadata:
        """Return the metadata. Raises `SourceFailed`."""
        return await self._kept.get(now)

    async def _fetch(self, _now: float) -> Metadata:
        # Exactly so, though the issuer may have a path or end in a slash (section 4).
        url = self._issuer.removesuffix("/") + PATH
        answer = await self._fetcher.get(url)
        if answer.status != 200:
            raise SourceFailed(
                f"{url} answers with status {answer.status}: is the issuer named as its tokens "
                "name it?"
            )
        return parse(answer.json(), self._issuer)


def parse(found: dict[str, Any], issuer: str) -> Metadata:
    """Return the metadata of the issuer. Raises `SourceFailed` for what cannot be used."""
    if found.get("issuer") != issuer:
        # Section 4.3: another name could be another provider's, whose tokens would then pass.
        raise SourceFailed(
            f"the provider at {issuer} says that it is {str(found.get('issuer'))[:200]!r}: name "
            "the issuer exactly so, slash at the end included"
        )
    return Metadata(
        issuer=issuer,
        jwks_url=_url(found, "jwks_uri", issuer),
        authorization_url=_url(found, "authorization_endpoint", issuer, needed=False),
        token_url=_url(found, "token_endpoint", issuer, needed=False),
        userinfo_url=_url(found, "userinfo_endpoint", issuer, needed=False),
        auth_methods=_words(found, "token_endpoint_auth_methods_supported")
        or ("client_secret_basic",),
        is_issuer_returned=found.get("authorization_response_iss_parameter_supported") is True,
        challenge_methods=_words(found, "code_challenge_methods_supported"),
    )


def _url(found: dict[str, Any], name: str, issuer: str, *, needed: bool = True) -> str:
    url = found.get(name)
    if url is None and not needed:
        return ""
    if not isinstance(url, str) or not is_safe_url(url):
        raise SourceFailed(
            f"the provider {issuer} names no '{name}' that is an https:// URL: look at what "
            f"{PATH} says"
        )
    return url


def _words(found: dict[str, Any], name: str) -> tuple[str, ...]:
    words = found.get(name)
    if not isinstance(words, list):
        return ()
    return tuple(word for word in words[:VALUES_MAX] if isinstance(word, str))
