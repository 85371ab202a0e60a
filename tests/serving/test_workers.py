"""Several processes: what they say to each other, and how one is kept running."""

import asyncio
import io
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from entrepot.adapters.logging import configure
from entrepot.faces.manage.gathering import Family
from entrepot.faces.server import Listener, ListenError, bind
from entrepot.serving.channel import (
    MESSAGE_MAX_BYTES,
    Begin,
    Channel,
    Count,
    Counted,
    Gather,
    Gathered,
    Message,
    Place,
    Ready,
    Stop,
    Use,
)
from entrepot.serving.keeper import PAUSE_MAX_SECONDS, PAUSE_MIN_SECONDS, Keeper
from entrepot.serving.worker import inherited
from entrepot.serving.workers import Workers
from entrepot.settings import Settings, SettingsError, load

MESSAGES: list[Message] = [
    Begin(2, Settings(), 7, {"localhost:0": [Place(8, "127.0.0.1:1"), Place(9, "unix:/s", "/s")]}),
    Ready(),
    Use(load("[limits]\nconnections = 7", {}, {})),
    Stop(),
    Count(),
    Counted([Family("name", "Help.", "gauge", [("name", {"kind": "x"}, 1.0)])]),
    Gather(),
    Gathered({"0": [], "1": [Family("name", "Help.", "gauge", [])]}),
]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = [*logging.root.handlers], logging.root.level
    logging.root.handlers.clear()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Channel, Channel]]:
    pair = [await Channel.over(each) for each in socket.socketpair()]
    yield pair[0], pair[1]
    for channel in pair:
        channel.close()


async def test_messages_arrive_as_they_were_sent(ends: tuple[Channel, Channel]) -> None:
    one, two = ends
    for message in MESSAGES:
        one.send(message)
    assert [await two.receive() for _ in MESSAGES] == MESSAGES
    one.close()
    assert await two.receive() is None
    two.send(Ready())  # to nobody


@pytest.mark.parametrize("sent", [b"\xff\xff\xff\xff", b"\0\0\0\2\xc1\xc1", b"\0\0"])
async def test_what_is_no_message_ends_a_channel(sent: bytes) -> None:
    assert int.from_bytes(b"\xff\xff\xff\xff") > MESSAGE_MAX_BYTES
    ours, theirs = socket.socketpair()
    channel = await Channel.over(ours)
    with theirs:
        theirs.sendall(sent)
    assert await channel.receive() is None
    channel.close()


@dataclass
class Naps:
    """A clock that never waits, and says for how long it would have."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


DIES = "import sys; sys.exit(7)"
READY = """
import asyncio, socket, sys
from entrepot.serving.channel import Channel, Ready, Count, Counted, Gather, Gathered, Stop
async def main():
    channel = await Channel.over(socket.socket(fileno=int(sys.argv[1])))
    begin = await channel.receive()
    channel.send(Ready())
    while (message := await channel.receive()) is not None:
        match message:
            case Count(): channel.send(Counted([])); channel.send(Gather())
            case Gathered(by_worker): sys.exit(40 + len(by_worker))
            case Stop(): sys.exit(0)
asyncio.run(main())
"""


@dataclass
class Site:
    """A keeper whose worker is a small program."""

    keeper: Keeper
    clock: Naps
    stream: io.StringIO

    def lines(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    async def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        while len(self.lines(event)) < count:
            await asyncio.sleep(0.01)
        return self.lines(event)


def make(monkeypatch: pytest.MonkeyPatch, program: str) -> Site:
    real = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        assert command[:4] == [sys.executable, "-P", "-m", "entrepot.serving.worker"]
        assert "NOTIFY_SOCKET" not in options["env"]
        return real([sys.executable, "-c", program, command[4]], **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    stream = io.StringIO()
    clock = Naps()
    lock = os.open(os.devnull, os.O_RDONLY)

    def gather() -> "asyncio.Future[dict[str, list[Family]]]":
        found: asyncio.Future[dict[str, list[Family]]] = asyncio.Future()
        found.set_result({"0": [], "1": []})
        return found

    keeper = Keeper(
        1,
        lambda: {"localhost:0": bind("127.0.0.1:0")},
        lambda number, places: Begin(number, Settings(), lock, places),
        clock=clock,
        log=configure("info", "json", stream),
        gather=gather,
    )
    return Site(keeper, clock, stream)


async def test_one_that_cannot_start_is_tried_ever_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = make(monkeypatch, DIES)
    running = asyncio.ensure_future(site.keeper.run())
    ended = await site.until("worker ended, it is started again", 9)
    assert {line["ended"] for line in ended} == {"with status 7"}
    assert site.clock.slept[:3] == [2 * PAUSE_MIN_SECONDS, 4 * PAUSE_MIN_SECONDS, 0.8]
    assert site.clock.slept[7] == PAUSE_MAX_SECONDS
    assert await site.keeper.count() is None
    running.cancel()
    await site.keeper.kill()


async def test_one_that_dies_at_work_comes_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    site = make(monkeypatch, READY)
    running = asyncio.ensure_future(site.keeper.run())
    for count in (1, 2):
        (*_, line) = await site.until("worker ready", count)
        assert await site.keeper.count() == []  # and then it asks for all, and ends
        (*_, ended) = await site.until("worker ended, it is started again", count)
        assert (line["worker"], ended["ended"]) == (1, "with status 42")
    assert site.clock.slept == [PAUSE_MIN_SECONDS] * 2
    await site.until("worker ready", 3)
    site.keeper.stop()
    await running
    assert len(site.lines("worker ended, it is started again")) == 2


async def test_one_is_not_started_where_nothing_can_be_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = make(monkeypatch, READY)

    def fail() -> Any:
        raise ListenError("in use")

    monkeypatch.setattr(site.keeper, "_bind", fail)
    running = asyncio.ensure_future(site.keeper.run())
    (line, *_) = await site.until("worker ended, it is started again")
    assert line["ended"] == "in use"
    running.cancel()


def workers(toml: str) -> Workers:
    log = configure("info", "json", io.StringIO())
    return Workers(load(toml, {}, {}), 0, clock=Naps(), log=log, own=CollectorRegistry)


async def test_one_process_binds_and_starts_nothing() -> None:
    alone = workers("[server]\nlisten = ['127.0.0.1:0']")
    listeners = [Listener(address="127.0.0.1:0")]
    assert alone.among(listeners) == listeners
    alone.start()
    alone.use(Settings())
    await alone.close()


async def test_addresses_in_use_are_found_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match="in use"):
            workers(f"[server]\nlisten = ['127.0.0.1:{port}']\nworkers = 2")


async def test_each_process_has_its_socket_and_a_unix_socket_is_shared(tmp_path: Path) -> None:
    unix = f"unix:{tmp_path}/s"
    several = workers(f"[server]\nlisten = ['127.0.0.1:0', '{unix}']\nworkers = 2")
    (first,), (shared,) = (
        each.bound
        for each in several.among([Listener(address="127.0.0.1:0"), Listener(address=unix)])
    )
    more = several._more()
    (second,), (again,) = more["127.0.0.1:0"], more[unix]
    assert (second.address, again.address) == (first.address, shared.address)
    for one in (second, again):
        place = Place(os.dup(one.sock.fileno()), one.address, str(one.path or ""))
        (listener,) = inherited([Listener(address="x")], {"x": [place]})
        (bound,) = listener.bound
        assert bound.sock.getsockname() == one.sock.getsockname()
        assert not bound.sock.getblocking()
        bound.remove()  # which is not for it to do
        bound.sock.close()
        one.sock.close()
    assert (tmp_path / "s").exists()
    await several.close()
    assert not (tmp_path / "s").exists()


def test_workers_do_not_know_what_only_the_first_needs() -> None:
    settings = load(
        "[auth]\nadmin_password = 'a long password'\n"
        "[server]\nworkers = 2\nlisten = ['127.0.0.1:0']",
        {},
        {},
    )
    log = configure("info", "json", io.StringIO())
    several = Workers(settings, 5, clock=Naps(), log=log, own=CollectorRegistry)
    begin = several._begin(1, {})
    assert (begin.number, begin.lock, begin.settings.auth.admin_password) == (1, 5, "")
    for bound in several.among([Listener(address="127.0.0.1:0")])[0].bound:
        bound.sock.close()


@pytest.mark.parametrize(
    "toml,words",
    [
        ("workers = 0", "server.workers"),
        ("workers = 1000", "server.workers"),
        ("workers = 2\nlisten = ['localhost:1', 'localhost:1']", "twice"),
        (
            "workers = 2\ntls = 'acme'\nacme_hosts = ['a.example']\nacme_challenge = 'tls-alpn-01'",
            "http-01",
        ),
    ],
)
def test_settings_that_cannot_be(toml: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(f"[server]\n{toml}", {}, {})
