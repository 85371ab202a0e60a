"""Logging people in at an OpenID provider: the authorization code flow with PKCE."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from entrepot.ports.clock import Clock
from entrepot.ports.federation import Attempt, Claims, Refusal, Returned, TokenRefused
from entrepot.ports.identity import SourceFailed
from entrepot.rules.federation.claims import challenge_of, claim, shown

from .discovery import Metadata
from .fetching import Answer, Fetcher
from .issuer import Issuer
from .tokens import check_access_token, check_login, merged

CODE_MAX = 4096
"""Most characters of a code."""
METHOD = "S256"
_BASIC, _POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True, slots=True)
class Client:
    """The registry as the provider knows it; a client without a secret is a public one.

    `wanted` are claims (`rules.federation.claims.claim`) for which userinfo is asked where an ID
    token lacks one. `auth_method` is client_secret_basic, client_secret_post or empty: what the
    provider can do, the former first.
    """

    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    wanted: tuple[str, ...] = ()
    auth_method: str = ""
    ca_file: Path | None = None


class HttpOidcProvider:
    """See `ports.federation.OidcProvider`."""

    def __init__(self, client: Client, clock: Clock) -> None:
        """Raises `SourceFailed` for a file of authorities that is no use."""
        self._client = client
        self._clock = clock
        self._fetcher = Fetcher(client.ca_file)
        self._issuer = Issuer(client.issuer, self._fetcher)

    async def authorization_url(self, attempt: Attempt, *, state: str) -> str:
        """See the port."""
        metadata = await self._usable(self._clock.now())
        wanted = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self._client.scopes))),
            "state": state,
            "nonce": attempt.nonce,
            "code_challenge": challenge_of(attempt.verifier),
            "code_challenge_method": METHOD,
        }
        parts = urlsplit(metadata.authorization_url)
        # An endpoint may have a query of its own (RFC 6749, section 3.1), but none of these.
        own = [pair for pair in parse_qsl(parts.query) if pair[0] not in wanted]
        return parts._replace(query=urlencode([*own, *wanted.items()])).geturl()

    async def redeem(self, returned: Returned, attempt: Attempt, *, now: float) -> Claims:
        """See the port."""
        metadata = await self._usable(now)
        self._check_issuer(returned, metadata)
        if not 0 < len(returned.code) <= CODE_MAX:
            raise TokenRefused(Refusal.CODE, "the login came back with no code: log in again")
        answer = await self._exchange(returned.code, attempt, metadata)
        text, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(text, str):
            raise SourceFailed(
                f"{self._client.issuer} sends no ID token: allow the scope 'openid' to this client"
            )
        client_id = self._client.client_id
        token, claims = await self._issuer.verify(text, audiences=(client_id,), now=now)
        check_login(claims, client_id=client_id, nonce=attempt.nonce)
        if not isinstance(access_token, str) or not access_token.isprintable():
            return claims
        check_access_token(claims, token, access_token)
        return await self._completed(claims, access_token, metadata)

    async def check(self) -> None:
        """See the port."""
        now = self._clock.now()
        await self._usable(now)
        await self._issuer.keys(now)

    async def close(self) -> None:
        await self._fetcher.close()

    async def _usable(self, now: float) -> Metadata:
        metadata = await self._issuer.metadata(now)
        if not metadata.authorization_url or not metadata.token_url:
            raise SourceFailed(
                f"{metadata.issuer} names no address to log in at: it issues tokens, but is no "
                "provider for people"
            )
        if metadata.challenge_methods and METHOD not in metadata.challenge_methods:
            raise SourceFailed(
                f"{metadata.issuer} takes no code challenge of method {METHOD}: turn PKCE on there"
            )
        return metadata

    def _check_issuer(self, returned: Returned, metadata: Metadata) -> None:
        """RFC 9207: the code of another provider would be sent to this one, or the other way."""
        if returned.issuer is None and not metadata.is_issuer_returned:
            return
        if returned.issuer != metadata.issuer:
            raise TokenRefused(
                Refusal.ISSUER,
                f"the login came back from '{shown(returned.issuer)}', and was begun at "
                f"{metadata.issuer}: log in again",
            )

    async def _exchange(self, code: str, attempt: Attempt, metadata: Metadata) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers: dict[str, str] = {}
        client_id, secret = self._client.client_id, self._client.secret
        if secret and self._method(metadata) == _BASIC:
            # Both are form-encoded first (RFC 6749, section 2.3.1).
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        answer = await self._fetcher.post(metadata.token_url, form, headers)
        if answer.status != 200:
            raise self._refused(answer)
        return answer.json()

    def _method(self, metadata: Metadata) -> str:
        if self._client.auth_method:
            return self._client.auth_method
        known = metadata.auth_methods
        return _POST if _BASIC not in known and _POST in known else _BASIC

    def _refused(self, answer: Answer) -> Exception:
        issuer = self._client.issuer
        error = shown(answer.json().get("error")) if answer.status in (400, 401, 403) else ""
        if error == "invalid_grant":
            return TokenRefused(
                Refusal.CODE, f"{issuer} does not take the code, used or too old: log in again"
            )
        if error in ("invalid_client", "unauthorized_client"):
            return SourceFailed(
                f"{issuer} does not know this client ({error}): look at the client's id, secret "
                "and redirect URI"
            )
        return SourceFailed(
            f"{issuer} does not exchange the code (status {answer.status} {error}): look at its "
            "log, and at the client's settings there"
        )

    async def _completed(self, claims: Claims, access_token: str, metadata: Metadata) -> Claims:
        """Return the claims, with those of userinfo where a wanted one is missing."""
        lacks = any(claim(claims, name) is None for name in self._client.wanted)
        if not lacks or not metadata.userinfo_url:
            return claims
        answer = await self._fetcher.get(metadata.userinfo_url, bearer=access_token)
        if answer.status != 200:
            raise SourceFailed(
                f"{metadata.userinfo_url} answers with status {answer.status}: have the ID token "
                "hold the claims " + ", ".join(self._client.wanted)
            )
        return merged(claims, answer.json())
