"""`entrepot webhook` and `entrepot events`, against a real control socket."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from entrepot.client.errors import ClientError
from entrepot.client.transport import Transport
from entrepot.faces.cli import events as module
from entrepot.faces.cli import webhooks as hooks_module
from entrepot.faces.cli.events import events
from entrepot.faces.cli.webhooks import webhooks
from entrepot.faces.manage.api import api_app
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event
from entrepot.services.context import Caller
from entrepot.services.events import payload
from entrepot.wiring import api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.services.hooks import Receiver, Silence

URL = "https://hooks.example.com/x"


class Shop:
    """Commands run as the operator; `receiver` gets what is sent."""

    def __init__(self, doors: Doors, data: Path) -> None:
        self.doors = doors
        self.data = data
        self.receiver = Receiver()

    async def run(self, command: click.Command, *words: str) -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        arguments = [*words, "--data", str(self.data)]
        return await asyncio.to_thread(runner.invoke, command, arguments, catch_exceptions=False)

    async def said(self, command: click.Command, *words: str) -> str:
        done = await self.run(command, *words)
        assert done.exit_code == 0, done.output
        return done.stdout

    async def asked(self, command: click.Command, *words: str) -> Any:
        return json.loads(await self.said(command, *words, "--json"))

    async def deliver(self) -> None:
        """Send what is due."""
        assert self.doors.house.telling is not None
        deliverer = self.doors.house.telling.deliverer(self.receiver, Silence())
        for _ in range(3):
            await deliverer.turn()
            await deliverer.idle()

    async def tell(self, *tags: str) -> None:
        async with self.doors.house.gate.ground.catalog.begin(write=True) as tx:
            text = payload(Caller("alice"), tags=[*tags], digest="sha256:x")
            await tx.outbox.append(Event("tag.moved", RepositoryName("team/app"), text, 1.0))


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_doors() as doors:
            house = doors.house
            app = api_app(api_routes(house, operator=True), house.access, operator=True)
            server = Server(app, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            try:
                yield Shop(doors, data)
            finally:
                await server.stop(drain_seconds=5)


async def test_one_is_made_listed_changed_and_removed(shop: Shop) -> None:
    done = await shop.run(
        webhooks, "create", "it", URL, "--project", "team", "--event", "tag.moved"
    )
    assert done.exit_code == 0
    assert len(done.stdout.strip()) == 64, "the secret alone, where a program reads it"
    assert "webhook 1 made" in done.stderr
    assert "hooks.example.com" in await shop.said(webhooks, "list", "--project", "team")
    assert await shop.asked(webhooks, "list", "--registry") == []
    words = ("--tag", "v*", "--off", "--format", "harbor", "--skip-tls-verify")
    assert "changed" in await shop.said(webhooks, "change", "1", *words)
    found = await shop.asked(webhooks, "show", "1")
    assert (found["tags"], found["enabled"], found["events"]) == (["v*"], False, ["tag.moved"])
    assert (found["format"], found["verify_tls"]) == ("harbor", False)
    found = await shop.asked(webhooks, "change", "1", "--all")
    assert (found["tags"], found["events"]) == ([], [])
    rotated = await shop.run(webhooks, "rotate", "1")
    assert rotated.stdout != done.stdout
    assert "would be removed" in await shop.said(webhooks, "remove", "1", "--dry-run")
    assert "it" in await shop.said(webhooks, "show", "1")
    assert "removed" in await shop.said(webhooks, "remove", "1")
    assert (await shop.run(webhooks, "show", "1")).exit_code == 1
    assert (await shop.run(webhooks, "change", "1")).exit_code == 2


async def test_a_chat_needs_no_secret(shop: Shop) -> None:
    assert "webhook 1 made" in await shop.said(webhooks, "create", "it", URL, "--format", "slack")


async def test_a_test_says_what_was_answered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.said(webhooks, "create", "it", URL)
    monkeypatch.setattr(hooks_module, "LOOKS_MAX", 1)
    waits = await shop.run(webhooks, "test", "1")
    assert (waits.exit_code, waits.stdout) == (1, "")
    assert "on its way" in waits.stderr
    await shop.deliver()
    assert "204" in await shop.said(webhooks, "deliveries", "1")
    (found,) = await shop.asked(webhooks, "deliveries", "1", "--state", "delivered")
    assert found["kind"] == "webhook.test"
    monkeypatch.setattr(hooks_module, "LOOKS_MAX", 1000)
    monkeypatch.setattr(hooks_module, "LOOK_SECONDS", 0.001)
    again = asyncio.ensure_future(shop.run(webhooks, "redeliver", "1"))
    while len(shop.receiver.parcels) < 2:
        await shop.deliver()
    assert "the receiver answered 204" in (await again).stdout
    shop.receiver.says(500)
    failed = asyncio.ensure_future(shop.run(webhooks, "test", "1"))
    while len(shop.receiver.parcels) < 3:
        await shop.deliver()
    assert "not delivered: answered 500" in (await failed).stderr
    assert (await failed).exit_code == 1


async def test_a_replay_says_from_where_on(shop: Shop) -> None:
    await shop.said(webhooks, "create", "it", URL)
    await shop.tell("v1")
    last = (await shop.asked(events, "--after", "0"))[-1]["sequence"]
    said = await shop.said(webhooks, "replay", "1", "--after", str(last - 1))
    assert said == f"events {last} to {last} are sent again\n"


async def test_events_are_listed(shop: Shop) -> None:
    await shop.tell("v1")
    await shop.tell("a", "b")
    text = await shop.said(events, "--project", "team", "--kind", "tag.moved")
    assert "team/app:v1" in text
    assert "team/app@sha256:x" in text
    assert len(await shop.asked(events, "--project", "team", "--limit", "1")) == 1


class Lines:
    """A transport whose streams end, and then its server."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def lines(self, path: str) -> Iterator[bytes]:
        self.paths.append(path)
        if len(self.paths) > 2:
            raise ClientError("over")
        number = 6 + len(self.paths)
        event = {
            "sequence": number,
            "kind": "tag.moved",
            "at": "2026-11-21T12:00:00Z",
            "project": "team",
            "repository": "team/app",
            "actor": "",
            "client": "",
            "digest": "",
            "media_type": "",
            "size": 0,
            "tags": ["v1"],
            "facts": {},
        }
        yield b"retry: 2000\n"
        yield b"id: %d\n" % number
        yield b"event: tag.moved\n"
        yield b"data: %b\n" % json.dumps(event).encode()
        yield b"\n"
        yield b": here\n"
        yield b"id: %d\n" % (number + 10)


def test_events_are_followed_and_a_stream_that_ends_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = Lines()
    monkeypatch.setattr(Transport, "at_socket", lambda *_, **__: lines)
    monkeypatch.setattr(Lines, "close", lambda _: None, raising=False)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.0)
    done = CliRunner().invoke(events, ["--follow", "--project", "team"])
    assert done.exit_code == 1
    rows = done.stdout.splitlines()
    assert [row.split("  ")[0] for row in rows] == ["7", "8"]
    assert rows[0].endswith("team/app:v1")
    assert "after=last" in lines.paths[0]
    assert "after=17" in lines.paths[1]
    assert "over" in done.stderr
