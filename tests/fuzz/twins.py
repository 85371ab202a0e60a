"""Two doors to one registry: with the short way and without it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.faces.registry.shortcut import RegistryShortcut
from entrepot.faces.root import request_ids, root_app
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.listen import Listener
from entrepot.faces.server.run import Server
from entrepot.rules.access import Kind
from entrepot.rules.roles import Role
from entrepot.rules.scopes import parse_scopes
from entrepot.settings import Auth
from entrepot.wiring.gate import Terms, assemble_gate
from tests.faces.registry.registry import Registry, open_registry
from tools.fuzz.client import Answer, Client, Gone, Malformed, read_answer
from tools.fuzz.grammar import Request, broken
from tools.fuzz.images import digest_of

NAME = "fuzz/app"
FRESH_FIELDS = frozenset({"date", "x-request-id"})
UPLOAD_FIELDS = frozenset({"location", "docker-upload-uuid"})
QUIET_SECONDS = 0.05
"""After damaged bytes: no more answers are expected after this."""

Seen = tuple[int, tuple[tuple[str, str], ...], bytes]


class Quiet:
    """A log that keeps what went wrong."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def debug(self, event: str, **facts: Any) -> None:
        """Nobody asks."""

    info = debug
    warning = debug

    def exception(self, event: str, **facts: Any) -> None:
        self.failures.append(f"{event} {facts}")


@dataclass
class Twins:
    """Ports of both doors, and what requests may carry."""

    registry: Registry
    short_port: int
    long_port: int
    briefs: list[int] = field(default_factory=list)
    """Statuses of the answers that took the short way."""
    authorizations: Sequence[str] = ()
    targets: Sequence[str] = ()
    log: Quiet = field(default_factory=Quiet)

    async def move_tag(self, tag: str, layer: bytes) -> None:
        """Have a tag show another image."""
        await self.registry.push_image(tag, [layer], NAME)


@asynccontextmanager
async def open_twins() -> AsyncIterator[Twins]:
    """Yield both doors; the registry behind them asks who one is."""
    async with open_registry(Auth()) as registry:
        await registry.login(Role.ADMIN)
        raw = await registry.push_image("v1", [b"one"], NAME)
        for tag in ("v2", "gone"):
            await registry.push_image(tag, [b"two"], NAME)
        log, briefs = Quiet(), list[int]()
        new_id = request_ids("t")
        app = root_app({"v2": registry.app}, new_id=new_id, log=log)
        hooks = Hooks(on_brief=lambda brief, *_: briefs.append(brief.status))
        server = Server(app, limits=ServerLimits(), hooks=hooks)
        shortcut = RegistryShortcut(registry.house.registry, new_id)
        doors = (
            Listener(address="127.0.0.1:0", shortcut=shortcut),
            Listener(address="127.0.0.1:0"),
        )
        short, long = await server.start(doors)
        ports = [int(address.rpartition(":")[2]) for address in (short, long)]
        twins = Twins(registry, ports[0], ports[1], briefs=briefs, log=log)
        twins.authorizations = await _authorizations(registry)
        twins.targets = _targets(raw)
        try:
            yield twins
        finally:
            await server.stop(drain_seconds=0)


async def _authorizations(registry: Registry) -> list[str]:
    """Return tokens that hold, expired ones, foreign ones, those of less scope, and passwords."""
    basic = registry.authorization or ""
    pull, push = f"repository:{NAME}:pull", f"repository:{NAME}:pull,push"
    found = [basic]
    for scopes in ((push,), (pull,), ("repository:fuzz/other:pull,push",), ()):
        await registry.use_token(Role.ADMIN, *scopes)
        found.append(registry.authorization or "")
    await registry.login(Role.ADMIN)
    holder = await registry.house.gate.standing.of(Kind.USER, Role.ADMIN.value)
    policy = registry.house.access.policy
    ours = registry.house.tokens
    for signer, seconds in ((None, -1000.0), (Es256Signer(new_key()), 1000.0)):
        ground = registry.house.gate.ground
        other = assemble_gate(
            replace(ground, signer=signer or ground.signer),
            registry.house.accounts,
            policy,
            Terms(ours.audience, seconds),
        ).tokens
        issued = await other.issue(holder, parse_scopes([pull]), policy)
        found.append(f"Bearer {issued.token}")
    good = found[1]
    return [*[good] * 30, *found, good[:-2], good.lower(), f" {good}", "Bearer", "Basic x", "x"]


def _targets(raw: bytes) -> list[str]:
    known = ("v1", "v1", "v2", "gone", digest_of(raw), digest_of(b"one"), digest_of(b"absent"))
    manifests = [f"/v2/{NAME}/manifests/{reference}" for reference in known]
    begin = f"/v2/{NAME}/blobs/uploads/"
    return [
        *(manifests * 6),
        *(
            begin,
            begin,
            begin,
            begin,
            begin[:-1],
            f"{begin}?mount={digest_of(b'one')}&from={NAME}",
            f"{begin}?",
        ),
        *(
            f"/v2/{NAME}/manifests/v1?",
            f"/v2/{NAME}/manifests/v1?x=y",
            f"/v2/{NAME}/manifests/%761",
        ),
        *(f"/v2/{NAME}//manifests/v1", f"/v2/{NAME}/../app/manifests/v1", "/v2/", "//v2/"),
        *(f"/v2/{NAME}/manifests/", f"/v2/{NAME}/manifests/-x", "/v2/absent/manifests/v1"),
        *(f"http://other/v2/{NAME}/manifests/v1", f"/v2/{NAME}/manifests/v1#x", "*", ""),
        *("/v2/fuzz/App/manifests/v1", f"/v2/{NAME}/manifests/v1/", "/v2/manifests/manifests/v1"),
        *(f"/v2/{NAME}/manifests/sha256:abc", f"/v2/{NAME}/tags/list", "/v2/blobs/uploads/"),
    ]


TYPES = (
    *("*/*", "application/vnd.oci.image.manifest.v1+json", "text/html", "", "application/*", ","),
    *(
        "application/vnd.oci.image.manifest.v1+json;q=0.1, text/plain",
        "text/html;*/*",
        "APPLICATION/*",
    ),
)
FIELDS = (
    *(("Accept", value) for value in TYPES),
    *(("User-Agent", value) for value in ("docker/28", "", "é")),
    *(("If-None-Match", "*"), ("If-Match", '"x"'), ("Range", "bytes=0-1"), ("If-Range", '"x"')),
    *(("X-Request-ID", "mine"), ("X-Forwarded-For", "1.2.3.4"), ("Connection", "close")),
    *(("Connection", "keep-alive"), ("Expect", "100-continue"), ("Content-Length", "0")),
    *(("Upgrade", "h2c"), ("Content-Type", "text/plain"), ("Host", "twice"), ("Cookie", "a=b")),
)
SPELLINGS = (str, str, str, str.lower, str.upper, str.swapcase)
METHODS = ("GET", "HEAD", "POST", "get", "PUT", "TRACE", "PATCH", "OPTIONS", "")
VERSIONS = ("HTTP/1.1",) * 150 + ("HTTP/1.0", "http/1.1", "HTTP/1.1 ", "HTTP/2.0", "HTTP/01.1")


def block(chance: random.Random, twins: Twins) -> bytes:
    """Return header fields with the empty line; few of them, so that they come again."""
    fields = [("Host", "localhost")]
    if chance.random() < 0.9:
        fields.append(("Authorization", chance.choice(twins.authorizations)))
    fields += [chance.choice(FIELDS) for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))]
    if chance.random() < 0.05:
        fields.append(fields[-1])
    if chance.random() < 0.2:
        chance.shuffle(fields)
    colon = chance.choice((": ",) * 80 + (":", ":  ", ":\t", " : "))
    ends = chance.choice(("\r\n",) * 60 + ("\n", " \r\n"))
    lines = [f"{chance.choice(SPELLINGS)(name)}{colon}{value}{ends}" for name, value in fields]
    return ("".join(lines) + ends.lstrip(" ")).encode("latin-1")


def volley(chance: random.Random, twins: Twins, blocks: Sequence[bytes]) -> list[Request]:
    """Return requests to send at once."""
    requests: list[Request] = []
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        target = chance.choice(twins.targets)
        usual = ("POST",) if "uploads" in target else ("GET", "GET", "HEAD")
        method = chance.choice(METHODS if chance.random() < 0.15 else usual)
        version = chance.choice(VERSIONS)
        space = chance.choice((" ",) * 100 + ("  ", "\t"))
        line = f"{method}{space}{target} {version}\r\n".encode()
        raw = line + chance.choice(blocks)
        if chance.random() < 0.02:
            raw = b"\r\n" + raw
        if chance.random() < 0.01:
            raw += b"GARBAGE"
        if chance.random() < 0.02:
            raw = broken(chance, raw)
        is_last = b"lose" in raw or version == "HTTP/1.0"
        requests.append(Request(method, target, raw, is_last))
        if is_last:
            break
    return requests


async def ask(client: Client, pieces: Sequence[bytes], methods: Sequence[str]) -> list[Seen | str]:
    """Send the pieces; return what came back, without what is always new."""
    seen: list[Seen | str] = []
    for piece in pieces:
        if client.writer.is_closing():
            break
        client.writer.write(piece)
        await asyncio.sleep(0)
    try:
        for method in methods:
            async with asyncio.timeout(QUIET_SECONDS * 10):
                answer = await read_answer(client.reader, method)
            seen.append(_lasting(answer))
            if answer.closes:
                break
    except Gone:
        seen.append("closed")
    except Malformed:  # the method itself was damaged, so that HEAD has a body
        seen.append("another method")
    except TimeoutError:
        seen.append("waits")
    return seen


def _lasting(answer: Answer) -> Seen:
    fields = [
        (name, value.rpartition("/")[0] if name in UPLOAD_FIELDS else value)
        for name, value in answer.fields
        if name not in FRESH_FIELDS
    ]
    names = [name for name, _ in answer.fields]
    assert len(set(names)) == len(names), f"a field comes twice: {names}"
    return answer.status, tuple(sorted(fields)), answer.body
