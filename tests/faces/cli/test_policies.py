"""`entrepot policy` and `entrepot quota`, over a real control socket."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from entrepot.faces.cli.policies import policies, quotas
from entrepot.faces.manage.api import api_app
from entrepot.faces.manage.policies import policy_routes, quota_routes
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.services.policies import KINDS, PolicyService
from entrepot.services.quotas import QuotaService
from tests.services.house import HandClock
from tests.services.people import open_people


class Desk:
    """A running server, and the command line before it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    async def policy(self, *words: str, stdin: str | None = None) -> Result:
        return await self._run(policies, *words, stdin=stdin)

    async def quota(self, *words: str) -> Result:
        return await self._run(quotas, *words)

    async def _run(self, group: click.Group, *words: str, stdin: str | None = None) -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        arguments = [*words, "--data", str(self.data)]
        return await asyncio.to_thread(
            runner.invoke, group, arguments, input=stdin, catch_exceptions=False
        )


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_people() as people:
            routes = [
                *policy_routes(PolicyService(people.catalog, HandClock())),
                *quota_routes(QuotaService(people.catalog, HandClock())),
            ]
            operator = api_app(routes, people.access, operator=True)
            server = Server(operator, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            try:
                yield Desk(data)
            finally:
                await server.stop(drain_seconds=5)


async def test_a_policy_is_set_printed_listed_and_removed(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "aliases.json"
    file.write_text('{"minor": true}')
    done = await desk.policy("set", "acme", "aliases", str(file))
    assert (done.exit_code, done.stdout) == (0, "aliases policy of project acme set\n")
    shown = await desk.policy("get", "acme", "aliases")
    assert json.loads(shown.stdout) == {"minor": True}
    listed = (await desk.policy("list", "acme")).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["KIND", "aliases"]
    as_json = json.loads((await desk.policy("list", "acme", "--json")).stdout)
    assert as_json[0]["document"] == {"minor": True}
    assert (await desk.policy("remove", "acme", "aliases")).exit_code == 0
    gone = await desk.policy("get", "acme", "aliases")
    assert gone.exit_code == 1
    assert "has no aliases policy" in gone.stderr


async def test_retention_is_text(desk: Desk) -> None:
    text = 'keep n: 3 where tag ~ "v*"\n'
    assert (await desk.policy("set", "acme", "retention", stdin=text)).exit_code == 0
    assert (await desk.policy("get", "acme", "retention")).stdout == text
    kept = json.loads((await desk.policy("get", "acme", "retention", "--json")).stdout)
    # Not a second, empty line of what `export` prints.
    assert kept["document"] == {"text": text.rstrip("\n")}


@pytest.mark.parametrize("text", ["{", '{"patch": true}', "x" * 70_000])
async def test_a_wrong_document_is_explained(desk: Desk, text: str) -> None:
    done = await desk.policy("set", "acme", "aliases", "-", stdin=text)
    assert done.exit_code == 1
    assert done.stderr.startswith("entrepot: the ")


async def test_a_quota_is_set_shown_and_listed(desk: Desk) -> None:
    done = await desk.quota("set", "project", "acme", "--storage", "10GiB")
    assert done.stdout == "quota of project acme: storage 10.0 GiB, manifests unlimited\n"
    assert "there is no project acme; check the name" in done.stderr
    done = await desk.quota("set", "project", "acme", "--manifests", "5")
    assert done.stdout == "quota of project acme: storage 10.0 GiB, manifests 5\n"
    row = ["acme", "0", "B", "10.0", "GiB", "0", "5"]
    assert (await desk.quota("show", "project", "acme")).stdout.splitlines()[1].split() == row
    assert (await desk.quota("list")).stdout.splitlines()[1].split() == row
    (listed,) = json.loads((await desk.quota("list", "--json")).stdout)
    assert (listed["limit_bytes"], listed["limit_manifests"]) == (10 << 30, 5)
    await desk.quota("set", "project", "acme", "--storage", "-1")
    shown = json.loads((await desk.quota("show", "project", "acme", "--json")).stdout)
    assert (shown["limit_bytes"], shown["limit_manifests"]) == (None, 5)
    assert json.loads((await desk.quota("list", "--kind", "user", "--json")).stdout) == []


async def test_a_quota_of_nothing_is_a_question(desk: Desk) -> None:
    done = await desk.quota("set", "project", "acme")
    assert done.exit_code == 2
    assert "--storage" in done.stderr


def test_the_kinds_are_those_of_the_service() -> None:
    command = policies.commands["get"]
    (kind,) = [one for one in command.params if one.name == "kind"]
    assert isinstance(kind.type, click.Choice)
    assert [*kind.type.choices] == [*KINDS]
