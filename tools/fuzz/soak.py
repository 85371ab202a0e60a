"""A soak: ordinary and rude clients, while the server's memory is watched."""

import asyncio
import base64
import itertools
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tools.fuzz.client import Answer, Client, Gone, Malformed
from tools.fuzz.images import digest_of, image, push_blob, push_manifest
from tools.fuzz.server import PASSWORD, Memory, Registry

SAMPLE_SECONDS = 10.0
TOKEN_CALLS = 200
"""Requests of one client with the same token."""
REPOSITORIES = 16
TAGS = 12
KEPT = 400
"""Images that clients remember; the oldest is deleted for a new one."""
PAUSE_SECONDS = 0.04
"""Between two steps of one client: it is memory that is tried here, not speed."""
SCOPES = "&".join(f"scope=repository:soak/app{n}:pull,push,delete" for n in range(REPOSITORIES))

Step = Callable[["Walker", Client], Awaitable[Answer | None]]


@dataclass
class Image:
    """One that was pushed: what to pull."""

    name: str
    tag: str
    digest: str
    layer: bytes


@dataclass
class Soak:
    """What all clients share, and what they saw."""

    registry: Registry
    seed: int
    images: list[Image] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    samples: list[tuple[float, Memory]] = field(default_factory=list)

    async def run(self, *, connections: int, seconds: float) -> None:
        """Let the clients loose for some time."""
        walkers = [Walker(self, random.Random(f"{self.seed}:{n}")) for n in range(connections)]
        tasks = [asyncio.create_task(walker.walk()) for walker in walkers]
        started = time.monotonic()
        try:
            while (past := time.monotonic() - started) < seconds and self.registry.is_alive():
                self.samples.append((past, self.registry.memory()))
                await asyncio.sleep(min(SAMPLE_SECONDS, seconds - past + 0.01))
            self.samples.append((past, self.registry.memory()))
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for result in ended:
            if not isinstance(result, asyncio.CancelledError):
                self.failures.append(f"a client ended early: {result!r}")

    def saw(self, what: str, answer: Answer | None) -> None:
        """Count an answer; a failure of the server is kept."""
        self.answers[f"{what} {answer.status if answer else 'left'}"] += 1
        status = answer.status if answer else 0
        # 503 is the server's word that the machine, not the server, is at its end.
        if answer and status >= 500 and status != 503 and len(self.failures) < 50:
            self.failures.append(f"{what}: {status} {answer.body[:200]!r}")


class Walker:
    """One client: a connection, a token, and steps by chance."""

    def __init__(self, soak: Soak, chance: random.Random) -> None:
        self.soak = soak
        self.chance = chance
        self.fields: list[str] = []
        self._calls = TOKEN_CALLS

    async def walk(self) -> None:
        """Work until cancelled; connect anew when a connection is gone."""
        names, weights = zip(*((step, weight) for step, weight in STEPS.items()), strict=True)
        while True:
            try:
                async with Client.connect(self.soak.registry.port) as client:
                    while True:
                        await self._renew(client)
                        step: Step = self.chance.choices(names, weights)[0]
                        self.soak.saw(step.__name__, await step(self, client))
                        await asyncio.sleep(PAUSE_SECONDS * 2 * self.chance.random())
            except Gone:
                self.soak.answers["gone"] += 1
            except (Malformed, TimeoutError) as error:
                self.soak.failures.append(repr(error))
            except _Left:
                self.soak.answers["left"] += 1

    async def _renew(self, client: Client) -> None:
        self._calls += 1
        if self.soak.registry.auth and self._calls > TOKEN_CALLS:
            self._calls = 0
            answer = await login(self, client)
            self.soak.saw("login", answer)

    def image(self) -> Image | None:
        """Some image, the newer the likelier."""
        images = self.soak.images
        return images[-1 - int(len(images) * self.chance.random() ** 3)] if images else None


class _Left(Exception):
    """A client hung up."""


async def login(walker: Walker, client: Client) -> Answer:
    """A token by password; now and then with a wrong name."""
    name = "admin" if walker.chance.random() < 0.95 else f"nobody{walker.chance.random()}"
    basic = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
    target = f"/service/token?service=entrepot&{SCOPES}"
    answer = await client.call("GET", target, fields=[f"Authorization: Basic {basic}"])
    if answer.status == 200:
        walker.fields = [f"Authorization: Bearer {json.loads(answer.body)['token']}"]
    return answer


async def pull(walker: Walker, client: Client) -> Answer | None:
    """A manifest by tag or digest, GET or HEAD."""
    found = walker.image()
    if found is None:
        return None
    reference = walker.chance.choice([found.tag, found.tag, found.digest])
    method = walker.chance.choice(["GET", "HEAD"])
    target = f"/v2/{found.name}/manifests/{reference}"
    return await client.call(method, target, fields=walker.fields)


async def pull_blob(walker: Walker, client: Client) -> Answer | None:
    """A layer, whole or a range of it."""
    found = walker.image()
    if found is None:
        return None
    target = f"/v2/{found.name}/blobs/{digest_of(found.layer)}"
    ranges = walker.chance.choice([[], [], ["Range: bytes=0-9"], ["Range: bytes=1-2,5-9,-3"]])
    answer = await client.call("GET", target, fields=[*walker.fields, *ranges])
    if answer.status == 200 and answer.body != found.layer:
        walker.soak.failures.append(f"{target} has other bytes than were pushed")
    return answer


async def push(walker: Walker, client: Client) -> Answer:
    """A new image under one of few tags; the oldest image goes."""
    name = f"soak/app{walker.chance.randrange(REPOSITORIES)}"
    layer = walker.chance.randbytes(walker.chance.choice([900, 9_000, 90_000]))
    config = b'{"n":%d}' % walker.chance.randrange(50)
    raw = image(config, [layer])
    for data in (config, layer):
        answer = await push_blob(client, name, data, walker.fields)
        if answer.status != 201:
            return answer
    tag = f"v{walker.chance.randrange(TAGS)}"
    answer = await push_manifest(client, name, tag, raw, walker.fields)
    if answer.status != 201:
        return answer
    walker.soak.images.append(Image(name, tag, digest_of(raw), layer))
    if len(walker.soak.images) > KEPT:
        old = walker.soak.images.pop(0)
        await client.call("DELETE", f"/v2/{old.name}/manifests/{old.digest}", fields=walker.fields)
        target = f"/v2/{old.name}/blobs/{digest_of(old.layer)}"
        walker.soak.saw("delete_blob", await client.call("DELETE", target, fields=walker.fields))
    return answer


async def push_in_parts(walker: Walker, client: Client) -> Answer:
    """An upload in chunks, finished, cancelled, or left."""
    name = f"soak/app{walker.chance.randrange(REPOSITORIES)}"
    answer = await client.call("POST", f"/v2/{name}/blobs/uploads/", fields=walker.fields)
    place, whole = answer.field("location"), b""
    for _ in range(walker.chance.randrange(4)):
        if answer.status != 202:
            return answer
        part = walker.chance.randbytes(walker.chance.randrange(1, 70_000))
        span = f"Content-Range: {len(whole)}-{len(whole) + len(part) - 1}"
        answer = await client.call("PATCH", place, part, [span, *walker.fields])
        whole += part
        place = answer.field("location") or place
    end = walker.chance.random()
    if end < 0.4:
        return await client.call("DELETE", place, fields=walker.fields)
    if end < 0.5:
        return answer
    mark = "&" if "?" in place else "?"
    return await client.call("PUT", f"{place}{mark}digest={digest_of(whole)}", b"", walker.fields)


async def lists(walker: Walker, client: Client) -> Answer:
    """Tags, the catalog, referrers, metrics."""
    name = f"/v2/soak/app{walker.chance.randrange(REPOSITORIES)}"
    target = walker.chance.choice(
        [
            f"{name}/tags/list?n=5",
            f"{name}/referrers/{digest_of(b'nothing')}",
            "/v2/_catalog?n=10",
            "/v2/",
            "/metrics",
            "/readyz",
        ]
    )
    return await client.call("GET", target, fields=walker.fields)


async def ask_nonsense(walker: Walker, client: Client) -> Answer:
    """What is not there, each time under another name, with a token of nobody."""
    word = walker.chance.randbytes(6).hex()
    target = walker.chance.choice(
        [f"/v2/{word}/manifests/v1", f"/v2/a/manifests/{word}", f"/{word}", f"/v2/a/blobs/{word}"]
    )
    fields = [f"Authorization: Bearer {word}"] if walker.chance.random() < 0.3 else walker.fields
    return await client.call("GET", target, fields=[*fields, f"X-{word}: {word}"])


async def hang_up(walker: Walker, client: Client) -> None:
    """Go away in the middle of an upload, a head or an answer."""
    found = walker.image()
    fields = "".join(f"{line}\r\n" for line in ("Host: x", *walker.fields))
    start = walker.chance.choice(
        [
            f"POST /v2/soak/app0/blobs/uploads/?digest={digest_of(b'')} HTTP/1.1\r\n{fields}"
            "Content-Length: 500000\r\n\r\n" + "x" * walker.chance.randrange(200_000),
            f"GET /v2/ HTTP/1.1\r\n{fields}",
            f"GET /v2/{found.name}/blobs/{digest_of(found.layer)} HTTP/1.1\r\n{fields}\r\n"
            if found
            else "GET",
        ]
    )
    client.writer.write(start.encode())
    await asyncio.sleep(PAUSE_SECONDS * walker.chance.random())
    raise _Left


STEPS: dict[Step, int] = {
    pull: 60,
    pull_blob: 12,
    push: 7,
    push_in_parts: 4,
    lists: 8,
    ask_nonsense: 5,
    hang_up: 2,
    login: 1,
}


def report(soak: Soak, *, warm_seconds: float) -> list[str]:
    """Return lines on what memory did after `warm_seconds`, then on what was asked."""
    mib = 1 << 20
    warm = [(past, m) for past, m in soak.samples if past >= warm_seconds] or soak.samples[-2:]
    times = [past / 3600 for past, _ in warm]
    resident = [memory.resident / mib for _, memory in warm]
    slope = statistics.linear_regression(times, resident).slope if len(warm) > 1 else 0.0
    third = max(1, len(resident) // 3)
    first, last = statistics.median(resident[:third]), statistics.median(resident[-third:])
    end = soak.samples[-1][1]
    peak = max(memory.resident for _, memory in soak.samples) / mib
    start = soak.samples[0][1]
    counts = ", ".join(f"{key} x{count}" for key, count in sorted(soak.answers.items()))
    memory = f"start {start.resident / mib:.1f}, after {warm_seconds:.0f} s {resident[0]:.1f}"
    change = f"{first:.1f} and {last:.1f} ({last / first - 1:+.1%})"
    lines = [
        f"resident MiB: {memory}, peak {peak:.1f}, end {resident[-1]:.1f}",
        f"medians of first and last third: {change}; slope {slope:+.1f} MiB/h",
        "each minute: " + " ".join(f"{m.resident / mib:.0f}" for m in _each_minute(soak)),
        f"descriptors {end.descriptors} (first {start.descriptors}), threads {end.threads}",
        f"answers {soak.answers.total()}: {counts}",
    ]
    return lines + [f"FAILURE {failure}" for failure in soak.failures]


def _each_minute(soak: Soak) -> list[Memory]:
    return [
        memory
        for (before, _), (past, memory) in itertools.pairwise(soak.samples)
        if before // 60 != past // 60
    ]
