"""A server of robots and tokens, and the command line before it."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result

from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from tests.faces.manage.machines import machine_app
from tests.services.machines import Plant, open_plant
from tests.services.people import PASSWORD


@dataclass
class MachineShop:
    """Commands run as the operator, or as a user at the server's address."""

    plant: Plant
    data: Path
    address: str

    async def run(self, command: click.Command, *words: str, user: str = "") -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        place = ["--data", str(self.data)]
        if user:
            place = ["--server", self.address, "--username", user, "--admin-password", PASSWORD]
        arguments = [words[0], *place, *words[1:]]
        return await asyncio.to_thread(runner.invoke, command, arguments, catch_exceptions=False)

    async def said(self, command: click.Command, *words: str, user: str = "") -> str:
        """Return what a command that succeeds prints on stdout."""
        done = await self.run(command, *words, user=user)
        assert done.exit_code == 0, done.output
        return done.stdout

    async def refused(self, command: click.Command, *words: str, user: str = "") -> str:
        """Return what a command that fails says."""
        done = await self.run(command, *words, user=user)
        assert done.exit_code != 0
        assert done.stdout == ""
        return done.stderr

    async def asked(self, command: click.Command, *words: str, user: str = "") -> Any:
        """Return its JSON."""
        return json.loads(await self.said(command, *words, "--json", user=user))


@asynccontextmanager
async def open_machineshop() -> AsyncIterator[MachineShop]:
    """Yield it with alice, who runs project acme."""
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_plant() as plant:
            await plant.owner()
            public = machine_app(plant)
            server = Server(public, limits=ServerLimits(), ssl_context=None, hooks=None)
            socket = f"unix:{data / 'run' / 'entrepot.sock'}"
            operator = machine_app(plant, operator=True)
            listeners = [Listener(address="127.0.0.1:0"), Listener(address=socket, app=operator)]
            address, _ = await server.start(listeners)
            try:
                yield MachineShop(plant, data, address)
            finally:
                await server.stop(drain_seconds=5)
