"""Requests to identity providers: bounded in time and size, and never redirected."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec

from entrepot.ports.identity import SourceFailed

ANSWER_MAX_BYTES = 256 * 1024
"""Most bytes of an answer; the largest key sets have some 20 KiB."""
URL_MAX = 2048
REQUEST_SECONDS = 10.0
"""For all of a request, its answer read."""
CONNECT_SECONDS = 5.0
CONNECTIONS_MAX = 8
"""To all providers together; what comes on top waits, within its own time."""
USER_AGENT = "entrepot"

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    url: str
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body, a JSON object. Raises `SourceFailed`."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise SourceFailed(
                f"{self.url} answers with status {self.status} and no JSON object: is the issuer "
                "the URL of an OpenID provider?"
            ) from error


def is_safe_url(url: object) -> bool:
    """Whether a URL may be asked: https, or http to this machine itself."""
    if not isinstance(url, str) or len(url) > URL_MAX or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or parts.username is not None or parts.fragment or "\\" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL_HOSTS)


class Fetcher:
    """Asks over HTTPS, trusting the system's authorities or only those of a PEM file.

    Takes proxies from HTTPS_PROXY and NO_PROXY. To be closed.
    """

    def __init__(self, ca_file: Path | None = None) -> None:
        """Raises `SourceFailed` for a file that is no use."""
        try:
            self._ssl = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise SourceFailed(
                f"{ca_file} holds no certificates in PEM that can be read: {error}"
            ) from error
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, *, bearer: str = "") -> Answer:
        """Ask for a URL. Raises `SourceFailed` if no answer comes."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return await self._ask("GET", url, headers, None)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form. Raises `SourceFailed` if no answer comes."""
        return await self._ask("POST", url, headers or {}, form)

    async def close(self) -> None:
        """Let go of what is open; asking again opens it anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Answer:
        if not is_safe_url(url):
            raise SourceFailed(f"the identity provider names {url[:200]!r}: only https is asked")
        try:
            async with (
                asyncio.timeout(REQUEST_SECONDS),
                self._open().request(
                    method,
                    url,
                    headers=headers,
                    data=form,
                    proxy=_proxy(url),
                    allow_redirects=False,
                ) as answer,
            ):
                body = await _read(answer)
                status, location = answer.status, answer.headers.get("Location", "")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise SourceFailed(_explain(url, error)) from error
        if len(body) > ANSWER_MAX_BYTES:
            raise SourceFailed(f"{url} answers with more than {ANSWER_MAX_BYTES} bytes")
        if 300 <= status < 400:
            raise SourceFailed(
                f"{url} redirects to {location[:200]!r}, which is not followed: name the issuer "
                "as its tokens do"
            )
        return Answer(url, status, body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Requests are rare, and a kept connection that was closed there fails a POST.
                connector=aiohttp.TCPConnector(
                    ssl=self._ssl, limit=CONNECTIONS_MAX, force_close=True
                ),
                timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS, sock_connect=CONNECT_SECONDS),
                headers={
                    "User-Agent": USER_AGENT,
                    "Accept": "application/json",
                    # What is packed could be small on the wire and fill the memory.
                    "Accept-Encoding": "identity",
                },
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names; not by aiohttp, which reads .netrc as well."""
    parts = urlsplit(url)
    if parts.scheme != "https" or proxy_bypass(parts.netloc):
        return None  # plain http is for this machine itself
    return getproxies().get("https")


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Read at most one byte more than an answer may have."""
    body = bytearray()
    while len(body) <= ANSWER_MAX_BYTES:
        piece = await answer.content.read(ANSWER_MAX_BYTES + 1 - len(body))
        if not piece:
            break
        body += piece
    return bytes(body)


def _explain(url: str, error: Exception) -> str:
    host = urlsplit(url).netloc
    if isinstance(error, TimeoutError):
        return f"{host} does not answer within {REQUEST_SECONDS:g} seconds: look at its health"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"the certificate of {host} is not trusted ({error.certificate_error}): name the PEM "
            "file of its authority"
        )
    return (
        f"{host} cannot be reached ({error}): look at the issuer's name, and at what this machine "
        "may reach (HTTPS_PROXY)"
    )
