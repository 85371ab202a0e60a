"""A whole registry behind a control socket, and the command line before it."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner, Result

from entrepot.faces.manage.api import api_app
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.wiring import api_routes
from tests.serving.doorstep import Doorstep, open_doorstep


@dataclass
class DoorShop:
    """Commands run as the operator."""

    door: Doorstep
    data: Path

    async def run(self, command: click.Command, *words: str, stdin: str = "") -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        arguments = ["--data", str(self.data), *words]
        if isinstance(command, click.Group):
            arguments = [words[0], "--data", str(self.data), *words[1:]]
        return await asyncio.to_thread(
            runner.invoke, command, arguments, input=stdin, catch_exceptions=False
        )

    async def said(self, command: click.Command, *words: str) -> str:
        """Return what a command that succeeds prints on stdout."""
        done = await self.run(command, *words)
        assert done.exit_code == 0, done.output
        return done.stdout

    async def refused(self, command: click.Command, *words: str) -> str:
        """Return what a command that fails says."""
        done = await self.run(command, *words)
        assert done.exit_code != 0
        assert done.stdout == ""
        return done.stderr


@asynccontextmanager
async def open_doorshop() -> AsyncIterator[DoorShop]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_doorstep() as door:
            house = door.house
            operator = api_app(api_routes(house, operator=True), house.access, operator=True)
            server = Server(operator, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            try:
                yield DoorShop(door, data)
            finally:
                await server.stop(drain_seconds=5)
