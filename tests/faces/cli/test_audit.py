"""`entrepot audit`, over a real control socket."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrepot.faces.cli import audit as command
from entrepot.faces.cli.audit import audit
from entrepot.faces.manage.api import api_app
from entrepot.faces.manage.audit import audit_routes
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.ports.catalog import Catalog
from entrepot.services.auditing import Act, AuditService, record
from entrepot.services.context import Caller
from tests.services.house import HandClock
from tests.services.people import open_people

AT = 1_800_000_000.0


class Desk:
    """A running server, and the command line before it."""

    def __init__(self, data: Path, catalog: Catalog) -> None:
        self.data = data
        self.catalog = catalog

    async def write(self, *tags: str) -> None:
        async with self.catalog.begin(write=True) as tx:
            for tag in tags:
                act = Act("tag.moved", f"acme/app:{tag}", "acme", {"tag": tag})
                await record(tx, Caller("alice", "docker/28", "192.0.2.7"), AT, act)

    async def run(self, *words: str) -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        arguments = [*words, "--data", str(self.data)]
        return await asyncio.to_thread(runner.invoke, audit, arguments, catch_exceptions=False)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_people() as people:
            routes = audit_routes(AuditService(people.catalog, source="reg"), HandClock())
            operator = api_app(routes, people.access, operator=True)
            server = Server(operator, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            try:
                yield Desk(data, people.catalog)
            finally:
                await server.stop(drain_seconds=5)


async def test_acts_are_listed_newest_first(desk: Desk) -> None:
    await desk.write("v1", "v2", "v3")
    done = await desk.run("list", "--limit", "2", "--actor", "alice")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["TIME", "ACTOR", "ADDRESS", "OPERATION", "RESOURCE", "RESULT"]
    assert [line[4] for line in lines[1:]] == ["acme/app:v3", "acme/app:v2"]
    found = json.loads((await desk.run("list", "--json", "--project", "acme")).stdout)
    assert [line["detail"]["tag"] for line in found] == ["v3", "v2", "v1"]
    assert len((await desk.run("list", "--refused")).stdout.splitlines()) == 1
    wrong = await desk.run("list", "--since", "some day")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "is not a moment" in wrong.stderr


async def test_acts_are_exported_oldest_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PAGE", 2)
    await desk.write("v1", "v2", "v3", "v4", "v5")
    lines = [json.loads(line) for line in (await desk.run("export")).stdout.splitlines()]
    assert [line["detail"]["tag"] for line in lines] == ["v1", "v2", "v3", "v4", "v5"]
    assert lines[0]["at"] == "2027-01-15T08:00:00.000Z"
    events = (await desk.run("export", "--format", "cloudevents")).stdout.splitlines()
    assert json.loads(events[4])["source"] == "reg"
    messages = (await desk.run("export", "--format", "syslog")).stdout.splitlines()
    assert messages[0].startswith("<109>1 2027-01-15T08:00:00.000Z reg entrepot - tag.moved [")


async def test_acts_are_followed_from_the_newest_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.write("v1")
    loop = asyncio.get_running_loop()
    rests = 0

    def rest(seconds: float) -> None:
        nonlocal rests
        assert seconds == command.FOLLOW_SECONDS
        rests += 1
        if rests > 2:
            raise KeyboardInterrupt
        asyncio.run_coroutine_threadsafe(desk.write(f"new{rests}"), loop).result(10)

    monkeypatch.setattr("entrepot.faces.cli.audit.time.sleep", rest)
    done = await desk.run("follow")
    assert [json.loads(line)["detail"]["tag"] for line in done.stdout.splitlines() if line] == [
        "new1",
        "new2",
    ]
