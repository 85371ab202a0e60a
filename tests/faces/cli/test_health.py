"""`entrepot health`, as a container's health check runs it."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from entrepot.client.transport import SOCKET
from entrepot.faces.cli.health import health
from entrepot.faces.manage.health import Readiness, health_app
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server


@pytest.fixture
def readiness() -> Readiness:
    """Of a server whose every part is well."""
    return Readiness({})


@asynccontextmanager
async def serving(readiness: Readiness) -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        socket = Path(name) / SOCKET
        socket.parent.mkdir()
        app = health_app(readiness, CollectorRegistry())
        server = Server(app, limits=ServerLimits(), ssl_context=None, hooks=None)
        await server.start([Listener(address=f"unix:{socket}")])
        yield Path(name)
        await server.stop(drain_seconds=5)


async def asked(*words: str, **env: str) -> Result:
    runner = CliRunner(env={"ENTREPOT_DATA": None, **env})
    return await asyncio.to_thread(runner.invoke, health, words)


async def test_ready(readiness: Readiness) -> None:
    async with serving(readiness) as data:
        done = await asked("--data", str(data))
        assert (done.exit_code, done.stdout) == (0, "the server is ready\n")
        found = json.loads((await asked("--data", str(data), "--json")).stdout)
        assert found == {"status": "ok", "checks": {"server": "ok"}}


async def test_settings_say_where_it_is(readiness: Readiness, tmp_path: Path) -> None:
    async with serving(readiness) as data:
        config = tmp_path / "entrepot.toml"
        config.write_text(f'[storage]\ndata = "{data}"')
        done = await asked(ENTREPOT_CONFIG=str(config))
        assert (done.exit_code, done.stdout) == (0, "the server is ready\n")
        assert (await asked(ENTREPOT_STORAGE_DATA=str(data))).exit_code == 0


async def test_alive_but_not_ready(readiness: Readiness) -> None:
    readiness.draining = True
    async with serving(readiness) as data:
        done = await asked("--data", str(data))
        assert done.exit_code == 1
        assert "is not ready" in done.stderr
        done = await asked("--data", str(data), "--alive")
        assert (done.exit_code, done.stdout) == (0, "the server answers\n")


async def test_nobody_is_there(tmp_path: Path) -> None:
    done = await asked("--data", str(tmp_path))
    assert done.exit_code == 1
    assert "the server is not running" in done.stderr


async def test_settings_that_cannot_be_used() -> None:
    done = await asked(ENTREPOT_STORAGE_DAAT="x")
    assert done.exit_code == 1
    assert "did you mean 'data'?" in done.stderr
