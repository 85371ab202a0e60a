"""POST over HTTP, to addresses that were looked at (CWE-918).

A name is resolved once for a connection, each address is asked of `rules.destinations`, and what is
connected to is one of these: no second look-up could say otherwise. Redirects are not followed, no
cookies are kept, and nothing of the environment (proxies, .netrc) is believed.
"""

import asyncio
import socket
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from entrepot.ports.posting import Parcel, PostFailed, Receipt
from entrepot.rules.destinations import refusal
from entrepot.rules.networks import EVERYWHERE, Networks

ANSWER_MAX_BYTES = 4096
"""What is read of an answer; the rest is left, with its connection."""
REQUEST_SECONDS = 15.0
"""For all of a request, the start of its answer read."""
CONNECT_SECONDS = 5.0
CONNECTIONS_MAX = 64
ADDRESSES_MAX = 16
"""Of one name, as many as are looked at."""
RETRY_AFTER_MAX = 64


class _Forbidden(OSError):
    """An address that nothing is sent to."""


class GuardedResolver(AbstractResolver):
    """Resolves names to addresses that may be sent to; one that may not spoils the name."""

    def __init__(self, allowed: Networks, resolver: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._resolver = resolver or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError."""
        found = (await self._resolver.resolve(host, port, family))[:ADDRESSES_MAX]
        for one in found:
            wrong = refusal(one["host"], self._allowed)
            if wrong:
                raise _Forbidden(f"{host} is not sent to: {wrong}")
        return found

    async def close(self) -> None:
        await self._resolver.close()


class HttpPoster:
    """Keeps `ports.posting.Poster`."""

    def __init__(
        self,
        allowed: Networks = EVERYWHERE,
        *,
        proxy: str = "",
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`resolver` is asked for addresses, instead of the system's."""
        self._allowed = allowed
        self._proxy = proxy or None
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def post(self, parcel: Parcel) -> Receipt:
        """See the port."""
        host = urlsplit(parcel.url).hostname or ""
        if _is_address(host) and not parcel.trusted:
            # The connector asks no resolver for these.
            wrong = refusal(host, self._allowed)
            if wrong:
                raise PostFailed(f"{host} is not sent to: {wrong}")
        try:
            async with (
                asyncio.timeout(REQUEST_SECONDS),
                self._open(trusted=parcel.trusted).post(
                    parcel.url,
                    data=parcel.body,
                    headers=parcel.headers,
                    proxy=self._proxy,
                    ssl=parcel.verify_tls,
                    allow_redirects=False,
                ) as answer,
            ):
                body = await answer.content.read(ANSWER_MAX_BYTES)
                later = answer.headers.get("Retry-After", "")[:RETRY_AFTER_MAX]
                return Receipt(answer.status, body, later)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PostFailed(_explain(host, error)) from error

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _open(self, *, trusted: bool) -> aiohttp.ClientSession:
        """Return the session of those that are trusted, or of the others: no connection is both."""
        if trusted not in self._sessions:
            resolver = self._resolver
            if self._proxy is None and not trusted:
                resolver = GuardedResolver(self._allowed, self._resolver)
            self._sessions[trusted] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=resolver,
                    use_dns_cache=False,
                    limit=CONNECTIONS_MAX,
                    # A kept connection that was closed there fails a POST.
                    force_close=True,
                ),
                timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS, sock_connect=CONNECT_SECONDS),
                headers={"Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[trusted]


def _is_address(host: str) -> bool:
    """Whether aiohttp takes a host for an address as it stands."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.partition("%")[0])
    except OSError:
        return False
    return True


def _explain(host: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{host} does not answer within {REQUEST_SECONDS:g} seconds: look at its health"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"the certificate of {host} is not trusted ({error.certificate_error}): mend it, or "
            "have it not verified"
        )
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, _Forbidden):
        return str(cause)
    told = str(cause) or type(error).__name__
    return f"{host} cannot be reached ({told}): does it listen there?"
