"""A lifecycle behind a real control socket, whose jobs are done as they come."""

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
from tests.faces.manage.lifecycle import Lifecycle, open_lifecycle


@dataclass
class Shop:
    """A running server, and the command line before it."""

    lifecycle: Lifecycle
    data: Path

    async def run(self, command: click.Command, *words: str) -> Result:
        """Run a command as the operator."""
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        arguments = ["--data", str(self.data), *words]
        if isinstance(command, click.Group):
            # Options stand behind the command of a group.
            arguments = [words[0], "--data", str(self.data), *words[1:]]
        return await asyncio.to_thread(runner.invoke, command, arguments, catch_exceptions=False)

    async def said(self, command: click.Command, *words: str) -> str:
        """Return what a command that succeeds prints on stdout."""
        done = await self.run(command, *words)
        assert done.exit_code == 0, done.output
        return done.stdout

    async def asked(self, command: click.Command, *words: str) -> Any:
        """Return its JSON."""
        return json.loads(await self.said(command, *words, "--json"))

    async def work(self) -> None:
        """Do jobs as they come, until cancelled."""
        while True:
            await self.lifecycle.upkeep.jobs.enqueued.wait()
            self.lifecycle.upkeep.jobs.enqueued.clear()
            await self.lifecycle.work()


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_lifecycle() as lifecycle:
            shop = Shop(lifecycle, data)
            server = Server(lifecycle.operator, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            working = asyncio.ensure_future(shop.work())
            try:
                yield shop
            finally:
                working.cancel()
                await server.stop(drain_seconds=5)
