"""`entrepot key` and `entrepot secret`, over a real control socket."""

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from entrepot.adapters.sealing import Keyring
from entrepot.adapters.signer import Es256Mint, RingSigner
from entrepot.faces.cli.keys import keys, secrets
from entrepot.faces.manage.api import api_app
from entrepot.faces.manage.keys import key_routes, secret_routes
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.services.context import Caller
from entrepot.services.keys import KeyService
from entrepot.services.secrets import SecretService
from tests.services.house import HandClock
from tests.services.people import open_people

OLD, NEW = (f"{name}:".encode() + base64.b64encode(name.encode() * 8) for name in ("old0", "new0"))


class Desk:
    """A running server, and the command line before it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    async def run(self, group: click.Group, *words: str, stdin: str | None = None) -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        arguments = [words[0], "--data", str(self.data), *words[1:]]
        return await asyncio.to_thread(
            runner.invoke, group, arguments, input=stdin, catch_exceptions=False
        )


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_people() as people:
            clock = HandClock()
            sealer = Keyring.of_text(NEW + b"\n" + OLD, origin="here")
            made = KeyService(
                people.catalog, clock, sealer=sealer, ring=RingSigner(clock), mint=Es256Mint()
            )
            await made.load()
            before = Keyring.of_text(OLD, origin="here")
            old = SecretService(people.catalog, clock, before)
            await old.put("upstream/docker.io", b"canary", Caller("alice"))
            vault = SecretService(people.catalog, clock, sealer)
            routes = [*key_routes(made), *secret_routes(vault)]
            operator = api_app(routes, people.access, operator=True)
            server = Server(operator, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            try:
                yield Desk(data)
            finally:
                await server.stop(drain_seconds=5)


async def test_keys_are_listed_rotated_and_dropped(desk: Desk) -> None:
    (first,) = json.loads((await desk.run(keys, "list", "--json")).stdout)
    assert (first["stage"], first["signs"], first["sealed_with"]) == ("active", True, "new0")
    done = await desk.run(keys, "rotate")
    assert (done.exit_code, "takes over at 2027-" in done.stdout) == (0, True)
    again = await desk.run(keys, "rotate")
    assert (again.exit_code, "about to take over" in again.stderr) == (1, True)
    shown = (await desk.run(keys, "list")).stdout.splitlines()
    assert [line.split()[1] for line in shown] == ["STAGE", "active,", "next"]
    refused = await desk.run(keys, "drop", first["kid"], stdin="n\n")
    assert refused.exit_code == 1
    dry = await desk.run(keys, "drop", first["kid"], "--dry-run")
    assert dry.stdout.endswith("nothing was changed\n")
    would = await desk.run(keys, "drop", first["kid"], "--dry-run", "--json")
    assert [one["kid"] for one in json.loads(would.stdout)["would_remove"]] == [first["kid"]]
    unknown = await desk.run(keys, "drop", "xyz", "--dry-run")
    assert (unknown.exit_code, "there is no key xyz" in unknown.stderr) == (1, True)
    dropped = await desk.run(keys, "drop", "--yes", first["kid"])
    assert (dropped.exit_code, f"{first['kid']} dropped" in dropped.stdout) == (0, True)
    (left,) = json.loads((await desk.run(keys, "list", "--json")).stdout)
    assert (left["stage"], left["signs"]) == ("active", True)
    gone = await desk.run(keys, "drop", "--yes", "-starts-with-a-dash")
    assert (gone.exit_code, "no signing key '-starts" in gone.stderr) == (1, True)


async def test_secrets_are_listed_and_sealed_anew_without_a_value(desk: Desk) -> None:
    before = await desk.run(secrets, "list")
    assert "older key" in before.stdout
    done = await desk.run(secrets, "reseal")
    assert (done.exit_code, done.stdout) == (0, "1 sealed anew\n")
    after = await desk.run(secrets, "list", "--json")
    assert {one["sealed_with"] for one in json.loads(after.stdout)} == {"new0"}
    assert "canary" not in before.output + done.output + after.output
