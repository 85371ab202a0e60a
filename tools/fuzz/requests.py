"""Hundreds of thousands of odd requests to a real server over loopback."""

import asyncio
import base64
import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.oci.errors import Code
from tools.fuzz.client import Answer, Client, Gone, Malformed, call_once, read_answer
from tools.fuzz.grammar import LAYERS, MANIFESTS, Grammar, Request, broken
from tools.fuzz.images import push_blob, push_manifest
from tools.fuzz.server import PASSWORD, Registry

MEANT = frozenset({501, 503, 505, 507})
"""Of 500 and above: what says something, and not that the server failed."""
BROKEN_SHARE = 0.12
HANG_UP_SHARE = 0.04
BROKEN_WAIT_SECONDS = 0.15
"""After bytes that may be but half a request."""
PING_EVERY_SECONDS = 0.25
PING_MAX_SECONDS = 1.0
FAILURES_MAX = 30
SHOWN_BYTES = 1500
UPLOADS_KEPT = 20

_TOKEN = re.compile(rb"[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}")
_UPLOAD = re.compile(rb"(/v2/[a-z0-9/]+)/blobs/uploads/([0-9a-f]{20,})")
_CODES = {code.value for code in Code}


@dataclass
class Campaign:
    """What all clients share, and what they found."""

    registry: Registry
    seed: int
    left: int
    """Requests that are not sent yet."""
    keep: Path | None = None
    """A folder for what failed, to `replay`."""
    credentials: Sequence[str] = ()
    answers: Counter[int] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)

    async def run(self, clients: int) -> None:
        """Send all requests, and ping in between."""
        await self.furnish()
        pinging = asyncio.create_task(self._ping())
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(clients):
                    chance = random.Random(f"{self.seed}:{number}")
                    group.create_task(self._client(Grammar(chance, self.credentials)))
        finally:
            pinging.cancel()
        if not self.registry.is_alive():
            self.fail("the server died")

    def fail(self, what: str, pieces: Sequence[bytes] = ()) -> None:
        """Keep a failure, with the pieces of bytes that repeat it."""
        self.ends["failures"] += 1
        if len(self.failures) < FAILURES_MAX:
            sent = b"".join(pieces)
            if self.keep is not None:
                path = (
                    self.keep / f"{self.seed}-{len(self.failures)}-{int(self.registry.auth)}.json"
                )
                kept = {"what": what, "pieces": [piece.decode("latin-1") for piece in pieces]}
                path.write_text(json.dumps(kept))
                what = f"{path}: {what}"
            more = f" and {len(sent) - SHOWN_BYTES} more" if len(sent) > SHOWN_BYTES else ""
            shown = f"{_TOKEN.sub(b'TOKEN', sent)[:SHOWN_BYTES]!r}{more}"
            self.failures.append(f"{what} (--seed {self.seed}) after sending {shown}")

    async def furnish(self) -> None:
        """Push what the grammar names; find out credentials, where they are asked for."""
        async with Client.connect(self.registry.port) as client:
            if self.registry.auth:
                self.credentials = await credentials(client)
            fields = [f"Authorization: {self.credentials[0]}"] if self.credentials else []
            for name in ("fuzz/app", "a/b/c"):
                for data in (*LAYERS, b"{}"):
                    assert_status(await push_blob(client, name, data, fields), 201)
                for raw, tag in zip(MANIFESTS, ("v1", "v2", "latest"), strict=True):
                    assert_status(await push_manifest(client, name, tag, raw, fields), 201)

    async def _client(self, grammar: Grammar) -> None:
        while self.left > 0 and self.registry.is_alive():
            kind = grammar.chance.random()
            try:
                async with Client.connect(self.registry.port) as client:
                    if kind < BROKEN_SHARE:
                        await self._broken(grammar, client)
                    elif kind < BROKEN_SHARE + HANG_UP_SHARE:
                        await self._hang_up(grammar, client)
                    else:
                        await self._framed(grammar, client)
            except OSError as error:
                self.ends[f"no connection: {error.strerror}"] += 1
                await asyncio.sleep(PING_EVERY_SECONDS)

    async def _framed(self, grammar: Grammar, client: Client) -> None:
        """Requests in volleys, until an answer closes the connection; each has its answer."""
        pieces: list[bytes] = []
        for _ in range(12):
            volley = grammar.volley()
            self.left -= len(volley)
            data = b"".join(request.raw for request in volley)
            if client.writer.is_closing():
                self.fail("closed without a word", pieces)
                return
            pieces = await self._send(grammar, client, data)
            for request in volley:
                try:
                    answer = await read_answer(client.reader, request.method)
                except (Gone, Malformed, TimeoutError) as error:
                    self.fail(f"{request.method} {request.target[:80]}: {error!r}", pieces)
                    return
                self._judge(grammar, request, answer, pieces)
                if answer.closes:
                    return

    async def _send(self, grammar: Grammar, client: Client, data: bytes) -> list[bytes]:
        """Send it at once, or in pieces that the server may find one by one; return them."""
        cuts = sorted(grammar.chance.randrange(len(data)) for _ in range(3))
        if grammar.chance.random() < 0.8:
            cuts = []
        bounds = zip([0, *cuts], [*cuts, len(data)], strict=True)
        pieces = [data[start:end] for start, end in bounds]
        for piece in pieces:
            if client.writer.is_closing():
                break
            client.writer.write(piece)
            await asyncio.sleep(0)
        return pieces

    def _judge(
        self, grammar: Grammar, request: Request, answer: Answer, sent: Sequence[bytes]
    ) -> None:
        self.answers[answer.status] += 1
        wrong = wrong_with(answer, request.method)
        if wrong:
            self.fail(f"{request.method} {request.target[:80]}: {wrong}", sent)
        if answer.status == 202 and "uploads/" in answer.field("location"):
            grammar.uploads.append(answer.field("location"))
            del grammar.uploads[:-UPLOADS_KEPT]

    async def _broken(self, grammar: Grammar, client: Client) -> None:
        """Damaged bytes: whatever comes back must be answers."""
        self.left -= 1
        request = grammar.request()
        while request.method == "HEAD":  # nobody could tell its answer's end
            request = grammar.request()
        data = broken(grammar.chance, request.raw)
        pieces = await self._send(grammar, client, data or b"\r\n")
        try:
            while True:
                async with asyncio.timeout(BROKEN_WAIT_SECONDS):
                    answer = await read_answer(client.reader)
                self.answers[answer.status] += 1
                wrong = wrong_with(answer, "GET")
                if wrong:
                    self.fail(f"damaged: {wrong}", pieces)
        except Malformed as error:
            self.fail(f"damaged: {error!r}", pieces)
        except TimeoutError:
            self.ends["damaged: waits for more"] += 1
        except Gone:
            self.ends["damaged: closed"] += 1

    async def _hang_up(self, grammar: Grammar, client: Client) -> None:
        """Go away within a request, or before its answer is read."""
        self.left -= 1
        raw = grammar.request().raw
        client.writer.write(raw[: grammar.chance.randrange(len(raw) + 1)])
        await asyncio.sleep(grammar.chance.choice((0, 0, 0.01)))
        self.ends["hung up"] += 1

    async def _ping(self) -> None:
        while True:
            started = time.monotonic()
            try:
                async with Client.connect(self.registry.port) as client:
                    answer = await client.call("GET", "/healthz")
                if answer.status != 200:
                    self.fail(f"the ping was answered with {answer.status}")
            except (Gone, Malformed, TimeoutError, OSError) as error:
                self.fail(f"the ping was not answered: {error!r}")
            self.pings.append(time.monotonic() - started)
            await asyncio.sleep(PING_EVERY_SECONDS)

    def lines(self) -> list[str]:
        """Return what to print."""
        counts = ", ".join(f"{status} x{count}" for status, count in sorted(self.answers.items()))
        ends = ", ".join(f"{end} x{count}" for end, count in sorted(self.ends.items()))
        pings = sorted(self.pings) or [0.0]
        late = sum(ping > PING_MAX_SECONDS for ping in pings)
        return [
            f"{self.answers.total()} answers: {counts}",
            f"other ends: {ends}",
            (
                f"{len(pings)} pings: median {pings[len(pings) // 2] * 1000:.0f} ms, longest "
                f"{pings[-1] * 1000:.0f} ms, {late} above {PING_MAX_SECONDS:.0f} s"
            ),
        ]


async def replay(registry: Registry, kept: str) -> list[str]:
    """Send once more what failed, to a server of its own; return the answers."""
    campaign = Campaign(registry, 0, 0)
    await campaign.furnish()
    pieces = [piece.encode("latin-1") for piece in json.loads(kept)["pieces"]]
    seen = []
    async with Client.connect(registry.port) as client:
        for piece in pieces:
            fresh_piece = piece
            for name, upload in _UPLOAD.findall(piece):
                answer = await call_once(registry.port, "POST", f"{name.decode()}/blobs/uploads/")
                fresh = answer.field("location").rpartition("/")[2].encode()
                fresh_piece = fresh_piece.replace(upload, fresh[: len(upload)])
            client.writer.write(fresh_piece)
            await asyncio.sleep(0)
        try:
            while True:
                answer = await read_answer(client.reader)
                seen.append(f"{answer.status} {answer.body[:150]!r}")
        except (Gone, Malformed, TimeoutError) as error:
            seen.append(repr(error))
    return seen


def wrong_with(answer: Answer, method: str) -> str:
    """Return what an answer must not be; empty if it is a proper one."""
    if answer.status >= 500 and answer.status not in MEANT:
        return f"status {answer.status}: {answer.body[:200]!r}"
    if answer.status < 400 or method == "HEAD":
        return ""
    try:
        body = json.loads(answer.body)
        if answer.field("content-type") == "application/problem+json":
            error, proper = body, body["status"] == answer.status and bool(body["detail"])
        elif "errors" not in body:  # health
            error, proper = body, bool(body["status"])
        else:
            (error,) = body["errors"]
            proper = error["code"] in _CODES and bool(error["message"])
    except (ValueError, KeyError, TypeError) as problem:
        return f"status {answer.status} with body {answer.body[:200]!r}: {problem!r}"
    if not proper:
        return f"status {answer.status} with error {error!r}"
    return "" if answer.field("date") else "no Date"


async def credentials(client: Client) -> list[str]:
    """Return Authorization values: good tokens, passwords, and what is neither."""
    basic = f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}"
    scopes = "&".join(f"scope=repository:{name}:*" for name in ("fuzz/app", "fuzz/other", "a/b/c"))
    tokens = []
    for query in (scopes, "scope=repository:fuzz/app:pull", "scope=registry:catalog:*", ""):
        target = f"/service/token?service=entrepot&{query}"
        answer = await client.call("GET", target, fields=[f"Authorization: {basic}"])
        assert_status(answer, 200)
        tokens.append(f"Bearer {json.loads(answer.body)['token']}")
    return [tokens[0], *tokens, basic, tokens[0][:-3], "Bearer x.y.z", "Basic eDp5"]


def assert_status(answer: Answer, status: int) -> None:
    """Raise if a request that must work did not."""
    if answer.status != status:
        raise RuntimeError(f"expected {status}, got {answer.status} {answer.body[:300]!r}")
