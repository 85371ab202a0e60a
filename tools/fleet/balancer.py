"""A balancer: each request goes to a replica by chance, elsewhere if it fails."""

import asyncio
import hashlib
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import aiohttp

from tests.fleet.history import Outcome

from .records import Records, Seen
from .replicas import Replica

ATTEMPTS_MAX = 6
ATTEMPT_SECONDS = 6.0
BIG_ATTEMPT_SECONDS = 30.0
REST_SECONDS = 0.05
"""Before the second attempt; doubled before each further one."""
BODY_KEPT_MAX_BYTES = 1 << 20
SERVICE = "entrepot"
TOKEN_SECONDS = 60.0
BASIC_EACH = 10
"""Every tenth request is made with the password."""
BLOCK_BYTES = 256 << 10
PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses after which a balancer tries elsewhere."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `body` is empty beyond 1 MiB, `digest` is that of all of it."""

    status: int
    headers: dict[str, str]
    body: bytes
    digest: str
    size_bytes: int
    seen: Seen
    replica: str

    @property
    def code(self) -> str:
        """The registry's code of an error, or what stands there instead."""
        text = self.body.decode(errors="replace")
        return text.partition('"code":"')[2].partition('"')[0] or text[:80]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; `what` names it in figures."""

    what: str
    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    is_big: bool = False


Told = Callable[[Seen], None]


def _nobody(_seen: Seen) -> None:
    """Who does not care what attempts came to nothing."""


class Balancer:
    """Connections to all replicas; one for all clients of a campaign."""

    def __init__(
        self,
        replicas: Sequence[Replica],
        records: Records,
        *,
        login: tuple[str, str],
        repositories: Sequence[str],
    ) -> None:
        self.replicas = replicas
        self._records = records
        self._basic = aiohttp.encode_basic_auth(*login)
        self._bearer = ""
        self._repositories = repositories
        self._asked = 0
        self._renewing: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector)
        # What was lost is tried again here, where it is written down, and nowhere else.
        self._session._retry_connection = False  # noqa: SLF001 - there is no other way to say it
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        if self._session is not None:
            await self._session.close()

    async def _renew(self) -> None:
        """Fetch a token for everything now and then, as clients do: the short way needs one."""
        scopes = [("scope", f"repository:{name}:pull,push,delete") for name in self._repositories]
        query = f"/service/token?{urlencode([('service', SERVICE), *scopes])}"
        request = Request("token", "GET", query)
        while True:
            answer = await self.ask_one(random.choice(self.replicas), request, _nobody)
            if answer is not None and answer.status == 200:
                self._bearer = f"Bearer {json.loads(answer.body)['token']}"
            elif answer is not None:
                self._records.errors[f"token: {answer.status}"] += 1
            fetched = answer is not None
            await asyncio.sleep(TOKEN_SECONDS if fetched else REST_SECONDS)

    def _authorization(self, request: Request) -> str:
        """The token; now and then, and while there is none, the password."""
        self._asked += 1
        plain = request.what == "token" or not self._bearer or self._asked % BASIC_EACH == 0
        return self._basic if plain else self._bearer

    async def ask(
        self, request: Request, chance: random.Random, told: Told = _nobody
    ) -> Answer | None:
        """Ask one replica after the other; None when all attempts came to nothing.

        `told` hears of each attempt that did, and whether it may have been applied.
        """
        last: Replica | None = None
        for attempt in range(ATTEMPTS_MAX):
            if attempt:
                await asyncio.sleep(REST_SECONDS * 2**attempt * chance.random())
            others = [each for each in self.replicas if each is not last] or self.replicas
            last = chance.choice(others)
            answer = await self.ask_one(last, request, told)
            if answer is not None:
                return answer
        self._records.failed[request.what] += 1
        return None

    async def ask_one(self, replica: Replica, request: Request, told: Told) -> Answer | None:
        """Ask this replica once; None when it came to nothing."""
        loop = asyncio.get_running_loop()
        called = loop.time()
        self._records.attempts += 1
        outcome, kind = Outcome.UNKNOWN, ""
        try:
            answer = await self._answer(replica, request, called)
        except aiohttp.ClientConnectorError:
            outcome, kind = Outcome.FAILED, "refused"
        except TimeoutError:
            kind = "timeout"
        except aiohttp.ClientPayloadError:
            kind = "cut"
        except (aiohttp.ClientError, OSError):
            kind = "reset"
        else:
            if answer.status not in PASSING:
                self._records.took(request.what, answer.seen.returned - called)
                return answer
            kind = str(answer.status)
            outcome = Outcome.FAILED if answer.status == 429 else Outcome.UNKNOWN
        self._records.errors[kind] += 1
        told(Seen(called, loop.time(), outcome))
        return None

    async def _answer(self, replica: Replica, request: Request, called: float) -> Answer:
        if self._session is None:
            raise RuntimeError("the balancer is not open")
        limit = BIG_ATTEMPT_SECONDS if request.is_big else ATTEMPT_SECONDS
        async with (
            asyncio.timeout(limit),
            self._session.request(
                request.method,
                f"{replica.url}{request.path}",
                data=io.BytesIO(request.body) if request.is_big else request.body,
                headers={"Authorization": self._authorization(request), **dict(request.headers)},
                allow_redirects=True,
            ) as response,
        ):
            return await _whole(response, called, replica.name)


async def _whole(response: aiohttp.ClientResponse, called: float, replica: str) -> Answer:
    hasher, kept, size = hashlib.sha256(), bytearray(), 0
    async for block in response.content.iter_chunked(BLOCK_BYTES):
        hasher.update(block)
        size += len(block)
        if size <= BODY_KEPT_MAX_BYTES:
            kept += block
    returned = asyncio.get_running_loop().time()
    headers = {name.lower(): text for name, text in response.headers.items()}
    return Answer(
        response.status,
        headers,
        bytes(kept) if size <= BODY_KEPT_MAX_BYTES else b"",
        f"sha256:{hasher.hexdigest()}",
        size,
        Seen(called, returned, Outcome.OK),
        replica,
    )
