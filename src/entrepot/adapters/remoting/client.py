"""Logging in at another registry, as the specification and docker have it.

An administrator says where the registry is, so that it may be in a private network; where it sends
for a token is the registry's word, so that this is its own host or one of the public internet
(CWE-918). Names are resolved once for a connection, and the addresses are looked at. Redirects are
not followed, no cookies kept, and nothing of the environment is believed.
"""

import asyncio
import base64
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from entrepot.ports.remotes import Login, Reached
from entrepot.rules.destinations import refusal
from entrepot.rules.networks import EVERYWHERE
from entrepot.rules.remotes import check_url

REQUEST_SECONDS = 10.0
"""For all that a ping takes."""
CONNECT_SECONDS = 5.0
ANSWER_MAX_BYTES = 64 * 1024
AT_ONCE = 8
"""Pings under way; what comes on top waits."""
ADDRESSES_MAX = 16
HEADER_MAX = 4096

_PARAMETER = re.compile(r'([a-z_]{1,32})="([^"]{0,2048})"', re.IGNORECASE)


class _Forbidden(OSError):
    """An address that is not asked."""


class _Refused(Exception):
    """The registry does not let in; the message says why."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    challenge: str
    location: str
    body: bytes


class HttpRegistry:
    """Keeps `ports.remotes.RemoteRegistry`."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        """`resolver` is asked for addresses, instead of the system's."""
        self._resolver = resolver
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ping(self, login: Login) -> Reached:
        """See the port."""
        host = urlsplit(login.url).hostname or ""
        try:
            async with self._turns, asyncio.timeout(REQUEST_SECONDS):
                connector = aiohttp.TCPConnector(
                    resolver=_Guarded(host, self._resolver or aiohttp.ThreadedResolver()),
                    ssl=not login.insecure,
                    use_dns_cache=False,
                    force_close=True,
                )
                async with aiohttp.ClientSession(
                    connector=connector,
                    timeout=aiohttp.ClientTimeout(
                        total=REQUEST_SECONDS, sock_connect=CONNECT_SECONDS
                    ),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                ) as session:
                    await _Visit(session, login, host).enter()
        except _Refused as refused:
            return Reached(ok=False, reason=str(refused))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Reached(ok=False, reason=_explain(host, error))
        return Reached(ok=True)


class _Visit:
    """One login."""

    def __init__(self, session: aiohttp.ClientSession, login: Login, host: str) -> None:
        self._session = session
        self._login = login
        self._host = host

    async def enter(self) -> None:
        """Raise `_Refused` unless the registry lets the account in."""
        answer = await self._get(f"{self._login.url}/v2/")
        if answer.status == 401:
            scheme, _, rest = answer.challenge.partition(" ")
            if scheme.lower() == "bearer":
                token = await self._token(dict(_PARAMETER.findall(rest)))
                answer = await self._get(f"{self._login.url}/v2/", f"Bearer {token}")
            elif scheme.lower() == "basic" and self._login.account:
                answer = await self._get(f"{self._login.url}/v2/", self._basic())
        self._check(answer)

    def _check(self, answer: _Answer) -> None:
        where = f"{self._login.url}/v2/"
        if answer.status == 200:
            return
        if answer.status in (401, 403):
            who = f"account {self._login.account}" if self._login.account else "without an account"
            raise _Refused(f"{where} does not let in {who}: look at name and secret")
        if 300 <= answer.status < 400:
            raise _Refused(f"{where} leads to {answer.location[:200]!a}: name that address instead")
        raise _Refused(f"{where} answers {answer.status}: is there a registry at this address?")

    async def _token(self, told: dict[str, str]) -> str:
        realm = told.get("realm", "")
        self._check_realm(realm)
        query = {"account": self._login.account} if self._login.account else {}
        if told.get("service"):
            query["service"] = told["service"]
        joint = "&" if "?" in realm else "?"
        url = f"{realm}{joint}{urlencode(query)}" if query else realm
        answer = await self._get(url, self._basic() if self._login.account else "")
        if answer.status != 200:
            raise _Refused(
                f"{realm} answers {answer.status}: look at the account's name and secret"
            )
        try:
            found = msgspec.json.decode(answer.body, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _Refused(f"{realm} gives no token: its answer is no JSON object") from error
        token = found.get("token") or found.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise _Refused(f"{realm} gives no token")
        return token

    def _check_realm(self, realm: str) -> None:
        if check_url(realm.partition("?")[0]) is not None:
            raise _Refused(
                f"{self._login.url} sends to {realm[:200]!a} for a token: that is no URL"
            )
        # A secret that was given for HTTPS is not sent in clear because a header says so.
        if realm.startswith("http:") and not self._login.url.startswith("http:"):
            raise _Refused(
                f"{self._login.url} sends to {realm[:200]!a} for a token: use https there"
            )

    async def _get(self, url: str, authorization: str = "") -> _Answer:
        host = urlsplit(url).hostname or ""
        wrong = _refusal(host, named=host == self._host) if _is_address(host) else ""
        if wrong:
            # The connector asks no resolver for these.
            raise _Forbidden(f"{host} is not asked: {wrong}")
        headers = {"Authorization": authorization} if authorization else {}
        async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
            body = await answer.content.read(ANSWER_MAX_BYTES)
            challenge = answer.headers.get("WWW-Authenticate", "")[:HEADER_MAX]
            return _Answer(answer.status, challenge, answer.headers.get("Location", ""), body)

    def _basic(self) -> str:
        text = f"{self._login.account}:{self._login.secret}"
        return f"Basic {base64.b64encode(text.encode()).decode()}"


class _Guarded(AbstractResolver):
    """Resolves names; one with an address that may not be asked is not resolved."""

    def __init__(self, host: str, resolver: AbstractResolver) -> None:
        self._host = host
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError."""
        found = (await self._resolver.resolve(host, port, family))[:ADDRESSES_MAX]
        for one in found:
            wrong = _refusal(one["host"], named=host == self._host)
            if wrong:
                raise _Forbidden(f"{host} is not asked: {wrong}")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _refusal(text: str, *, named: bool) -> str:
    """Return why an address is not asked, or ""; `named` is for one that was configured."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_link_local or address.is_unspecified or address.is_multicast:
        # The metadata of clouds is there, and no registry.
        return f"{address} is an address of no registry"
    if named or not refusal(text, EVERYWHERE):
        return ""
    return f"{address} is no public address"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _explain(host: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{host} does not answer within {REQUEST_SECONDS:g} seconds: look at its health"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"the certificate of {host} is not trusted ({error.certificate_error}): mend it, or "
            "mark the registry as insecure"
        )
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, _Forbidden):
        return str(cause)
    told = str(cause) or type(error).__name__
    return f"{host} cannot be reached ({told[:200]}): does it listen there?"
