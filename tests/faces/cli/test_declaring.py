"""`entrepot plan`, `apply` and `export` over a real control socket."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from entrepot.faces.cli.declaring import apply, export, plan
from entrepot.faces.manage.api import api_app
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.rules.roles import Role
from entrepot.wiring import api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.registry.registry import PASSWORD

FILE = """
roles:
  - name: watcher
    permissions: [repository.pull]
groups:
  - name: shop-devs
    members: [dev]
labels: [{name: fast, color: "#00FF00"}]
registries:
  - {name: cloud-registry, url: "https://cloud.example.com", account: copier}
projects:
  - name: ecommerce
    public: false
    labels: [{name: slow, description: takes long}]
    webhooks: [{name: chat, url: "https://hooks.example.com/x", events: [manifest.published]}]
    replication:
      - name: cloud-sync
        enabled: true
        dest_namespace: cloud-registry/ecommerce
        trigger: {type: manual}
    storage_limit: 100GB
    retention: ["keep n: 5 where tag ~ \\"v*\\"", "delete where tag ~ \\"*-beta.*\\""]
    immutability: [{tag: "v*"}]
    members: [{group: shop-devs, role: developer}, {user: dev, role: watcher, on: ecommerce/web}]
"""


@dataclass
class Desk:
    """A running server, and the command line before it."""

    data: Path
    doors: Doors
    address: str

    async def run(
        self, command: click.Command, *words: str, text: str = "", user: str = ""
    ) -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        place = ["--data", str(self.data)]
        if user:
            place = ["--server", self.address, "--username", user, "--admin-password", PASSWORD]
        return await asyncio.to_thread(
            runner.invoke, command, [*words, *place], input=text, catch_exceptions=False
        )

    async def said(self, command: click.Command, *words: str, text: str = "") -> str:
        done = await self.run(command, *words, text=text)
        assert done.exit_code == 0, done.output
        return done.stdout

    async def planned(self, text: str, *words: str) -> list[Any]:
        found = json.loads(await self.said(plan, "-f", "-", "--json", *words, text=text))
        steps: list[Any] = found["steps"]
        return steps


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_doors() as doors:
            await doors.add_user("dev", Role.USER)
            house = doors.house
            apps = [
                api_app(api_routes(house, operator=operator), house.access, operator=operator)
                for operator in (False, True)
            ]
            server = Server(apps[0], limits=ServerLimits(), ssl_context=None, hooks=None)
            socket = f"unix:{data / 'run' / 'entrepot.sock'}"
            listeners = [Listener(address="127.0.0.1:0"), Listener(address=socket, app=apps[1])]
            address, _ = await server.start(listeners)
            try:
                yield Desk(data, doors, address)
            finally:
                await server.stop(drain_seconds=5)


async def test_a_file_is_applied_once(desk: Desk) -> None:
    shown = await desk.said(plan, "-f", "-", text=FILE)
    assert "+ project ecommerce" in shown
    assert "storage_limit: 100000000000" in shown
    assert "12 to add, 0 to change, 0 to remove" in shown
    applied = await desk.said(apply, "-f", "-", "--yes", text=FILE)
    assert "done: 12 steps" in applied
    assert await desk.planned(FILE) == []
    assert "nothing to do" in await desk.said(apply, "-f", "-", "--yes", text=FILE)


async def test_what_is_exported_needs_nothing_done(desk: Desk) -> None:
    await desk.said(apply, "-f", "-", "--yes", text=FILE)
    written = await desk.said(export)
    assert await desk.planned(written) == []
    assert await desk.planned(written, "--prune") == []
    one = await desk.said(export, "--project", "ecommerce")
    assert "shop-devs" in one
    assert "team" not in one
    assert await desk.planned(one) == []


async def test_changes_are_told_by_field(desk: Desk) -> None:
    await desk.said(apply, "-f", "-", "--yes", text=FILE)
    changed = FILE.replace("public: false", "public: true").replace("100GB", "200GB")
    shown = await desk.said(plan, "-f", "-", text=changed)
    assert "~ project ecommerce" in shown
    assert "public: false -> true" in shown
    assert "storage_limit: 100000000000 -> 200000000000" in shown
    await desk.said(apply, "-f", "-", "--yes", text=changed)
    assert await desk.planned(changed) == []


async def test_only_prune_removes(desk: Desk) -> None:
    await desk.said(apply, "-f", "-", "--yes", text=FILE)
    less = "projects: [{name: ecommerce, members: []}]"
    assert await desk.planned(less) == []
    project = await desk.run(plan, "-f", "-", "--prune", text=less)
    assert "- member developer on ecommerce for group:shop-devs of project ecommerce" in (
        project.stdout
    )
    assert "- policy retention of project ecommerce" in project.stdout
    assert "- project other" in project.stdout
    members = "projects: [{name: ecommerce, members: []}, {name: other}, {name: team}]"
    await desk.said(apply, "-f", "-", "--prune", "--yes", text=members)
    assert await desk.planned(members, "--prune") == []


@pytest.mark.parametrize(
    "text, said",
    [
        ("projects:\n  - name: a\n    publik: true\n", "line 3: projects[0]: Object contains"),
        ("projects:\n  - name: a\n    public: 3\n", "line 3: projects[0].public: "),
        ("projects: [\n", "line 2: "),
        ("projects: []\nprojects: []\n", "line 2: the key projects stands there twice"),
        (
            "projects:\n- name: a\n  retention:\n  - keep it\n",
            "line 3: projects[0].retention: ",
        ),
        ("projects: [{name: a, labels: [{name: x}], naming: {}}]", "line 1: "),
        (
            "projects:\n- name: a\n  members:\n  - {user: u, role: rr}",
            "line 4: projects[0].members",
        ),
        (
            "projects:\n- name: a\n  replication:\n  - {name: r, registry: far}",
            "line 4: projects[0].replication[0]: there is no registry far",
        ),
        ("a: !!python/object:os.system {}", "line 1: "),
    ],
)
async def test_errors_name_the_line(desk: Desk, text: str, said: str) -> None:
    done = await desk.run(plan, "-f", "-", text=text)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"entrepot: <stdin>, {said}"), done.stderr


async def test_it_stops_where_it_cannot_go_on(desk: Desk) -> None:
    text = "projects: [{name: fresh, members: [{group: no-such, role: guest}]}]"
    done = await desk.run(apply, "-f", "-", "--yes", text=text)
    assert done.exit_code == 1
    assert "done: 1 of 2 steps; then member guest on fresh for group:no-such" in done.stderr
    steps = await desk.planned(text)
    assert [step["verb"] for step in steps] == ["add"]


async def test_nothing_is_done_without_a_yes(desk: Desk) -> None:
    done = await desk.run(apply, "-f", "-", text="projects: [{name: fresh}]")
    assert done.exit_code == 1
    assert len(await desk.planned("projects: [{name: fresh}]")) == 1
    shown = await desk.said(apply, "-f", "-", "--dry-run", text="projects: [{name: fresh}]")
    assert "+ project fresh" in shown
    assert len(await desk.planned("projects: [{name: fresh}]")) == 1


async def test_a_member_may_do_what_is_theirs(desk: Desk) -> None:
    own = "projects: [{name: team, retention: ['keep n: 3']}]"
    done = await desk.run(apply, "-f", "-", "--yes", text=own, user="in-projectAdmin")
    assert done.exit_code == 0, done.output
    limit = "projects: [{name: team, storage_limit: 1GB}]"
    done = await desk.run(apply, "-f", "-", "--yes", text=limit, user="in-projectAdmin")
    assert done.exit_code == 1
    assert "quota.manage" in done.stderr
    for text in ("projects: [{name: other}]", "roles: []", own + "\nroles: []"):
        done = await desk.run(plan, "-f", "-", text=text, user="in-projectAdmin")
        assert done.exit_code == 1, text
