"""`entrepot project`, `grant`, `role`, `explain` over a real control socket."""

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

from entrepot.faces.cli.explain import explain, whoami
from entrepot.faces.cli.grants import grants
from entrepot.faces.cli.projects import projects
from entrepot.faces.cli.roles import roles
from entrepot.faces.manage.api import api_app
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.rules.access import Policy
from entrepot.rules.networks import Networks
from entrepot.rules.roles import BUILT_IN, Role
from entrepot.services.robotparts import Gift, NewRobot
from tests.services.granting import ROOT, Ground, open_ground


@dataclass
class Desk:
    """A running server, and the command line before it, as the operator."""

    data: Path
    ground: Ground

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


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    policy = Policy(networks=Networks.parse(["10.0.0.0/8", "unix"]))
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        data = Path(name)
        (data / "run").mkdir(mode=0o700)
        async with open_ground(policy) as ground:
            await ground.people.add("alice", Role.USER)
            gate = ground.people.gate
            operator = api_app(gate.routes(), gate.access, operator=True)
            server = Server(operator, limits=ServerLimits(), ssl_context=None, hooks=None)
            await server.start([Listener(address=f"unix:{data / 'run' / 'entrepot.sock'}")])
            try:
                yield Desk(data, ground)
            finally:
                await server.stop(drain_seconds=5)


async def test_a_project_is_made_shown_changed_and_listed(desk: Desk) -> None:
    made = await desk.said(projects, "create", "acme", "--network", "10.0.0.0/8")
    assert made == "project acme made; only those may pull who were granted it\n"
    changed = await desk.said(projects, "change", "acme", "--public", "--any-network")
    assert changed == "project acme changed; anyone may pull from it\n"
    shown = (await desk.said(projects, "show", "acme")).splitlines()
    assert shown[1].split() == [
        "acme",
        "everyone",
        "anywhere",
        "2027-01-15T08:00:00Z",
        "operator",
    ]
    (listed,) = await desk.asked(projects, "list")
    assert (listed["name"], listed["public"], listed["networks"]) == ("acme", True, [])
    assert await desk.asked(projects, "show", "acme") == listed
    for wrong in (("change", "acme"), ("change", "acme", "--any-network", "--network", "::1")):
        assert (await desk.run(projects, *wrong)).exit_code == 2
    again = await desk.run(projects, "create", "acme")
    assert (again.exit_code, "already" in again.stderr) == (1, True)


async def test_a_grant_is_added_listed_and_removed(desk: Desk) -> None:
    await desk.said(projects, "create", "acme")
    await desk.ground.group("web", "alice")
    for words, told in (
        (("alice", "developer", "acme"), "user alice now has role developer on acme (grant 1)"),
        (
            ("--group", "web", "maintainer", "acme/web/**"),
            "group web now has role maintainer on acme/web/** (grant 2)",
        ),
        (("--everyone", "guest", "acme"), "everyone now has role guest on acme (grant 3)"),
        (
            ("bob", "--permissions", "repository.pull, history.read", "*"),
            "user bob now has repository.pull,history.read on the whole registry (grant 4)",
        ),
    ):
        assert await desk.said(grants, "add", *words) == told + "\n"
    noted = [
        (await desk.run(grants, "add", name, "guest", "acme")).stderr for name in ("alice", "alcie")
    ]
    assert (noted[0], "there is no user alcie here" in noted[1]) == ("", True)
    for number in ("5", "6"):
        await desk.said(grants, "remove", number)
    listed = (await desk.said(grants, "list", "acme")).splitlines()
    assert [line.split()[0] for line in listed] == ["ID", "1", "2", "3"]
    assert [one["id"] for one in await desk.asked(grants, "list")] == [4]
    assert [one["id"] for one in await desk.asked(grants, "list", "*")] == [4]
    assert [one["id"] for one in await desk.asked(grants, "list", "--user", "alice")] == [1]
    assert [one["id"] for one in await desk.asked(grants, "list", "--group", "web")] == [2]
    assert [one["id"] for one in await desk.asked(grants, "list", "--everyone")] == [3]
    assert await desk.asked(grants, "list", "--robot", "robot$ci") == []
    told = await desk.said(grants, "remove", "1", "3")
    assert told == "grant 1 taken away\ngrant 3 taken away\n"
    gone = await desk.run(grants, "remove", "1")
    assert (gone.exit_code, "there is no grant 1" in gone.stderr) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("add", "acme"),
        ("add", "alice", "acme"),
        ("add", "alice", "guest", "acme", "more"),
        ("add", "alice", "guest", "acme", "--everyone"),
        ("add", "alice", "guest", "acme", "--permissions", "repository.pull"),
        ("add", "--group", "web", "--everyone", "guest", "acme"),
        ("list", "acme", "--everyone"),
        ("list", "--user", "a", "--group", "b"),
    ],
    ids=" ".join,
)
async def test_what_is_said_twice_or_not_at_all(desk: Desk, words: tuple[str, ...]) -> None:
    assert (await desk.run(grants, *words)).exit_code == 2


async def test_roles(desk: Desk) -> None:
    told = await desk.said(roles, "put", "reader", "repository.pull", "--about", "reads")
    assert told == "role reader now holds repository.pull\n"
    listed = (await desk.said(roles, "list")).splitlines()
    assert [line.split()[0] for line in listed[1:]] == [*BUILT_IN, "reader"]
    assert listed[-1].split() == ["reader", "custom", "1", "reads"]
    assert await desk.said(roles, "show", "reader") == "repository.pull\n"
    assert await desk.said(roles, "remove", "reader") == "role reader removed\n"
    permissions = await desk.said(roles, "permissions")
    assert "repository.pull" in permissions
    assert (await desk.run(roles, "put", "reader", "repository.fly")).exit_code == 1


async def test_a_no_says_why_and_the_command_that_helps(desk: Desk) -> None:
    await desk.said(projects, "create", "acme")
    told = await desk.said(explain, "alice", "push", "acme/web")
    assert told.splitlines() == [
        "NO: alice may not push to acme/web.",
        "  Why: alice may not push acme/web: ask whoever runs project acme for role developer.",
        "",
        "What to do:",
        "  entrepot grant add alice developer acme",
        "",
        "What was looked at:",
        "  permission          repository.push on acme/web: push images and move tags",
        "  caller              user alice",
        "  address             was not asked about: networks may still keep them out",
        "  without an account  no; project acme is private",
        "  grant               role user of the account, in the whole registry (*): does not hold",
        "                      repository.push",
        "  given by            nothing; roles developer, maintainer, projectAdmin have it",
    ]
    await desk.said(grants, "add", "alice", "developer", "acme")
    assert (await desk.said(explain, "alice", "push", "acme/web")).startswith("YES: alice may")


@pytest.mark.parametrize(
    "words, cure",
    [
        (
            ("anonymous", "pull", "acme/web"),
            "shall pull from it: entrepot project change acme --public",
        ),
        (("anonymous", "push", "acme/web"), "log in: without an account"),
        (("alice", "user.manage"), "entrepot grant add alice --permissions user.manage '*'"),
        (("alice", "grant.manage", "acme"), "entrepot grant add alice projectAdmin acme"),
        (("nobody", "pull", "acme/web"), "see that the account is there"),
        (("robot$ci", "pull", "acme/web"), "see that the account is there"),
        (("alice", "pull", "acme/web", "--from", "192.0.2.1"), "come from an allowed network"),
    ],
    ids=str,
)
async def test_what_to_do(desk: Desk, words: tuple[str, ...], cure: str) -> None:
    await desk.said(projects, "create", "acme")
    told = await desk.said(explain, *words)
    assert told.startswith("NO: ")
    assert cure in told.partition("What to do:")[2]
    assert (await desk.asked(explain, *words))["allowed"] is False


async def test_a_name_that_may_be_a_projects(desk: Desk) -> None:
    await desk.said(projects, "create", "acme")
    told = await desk.said(explain, "alice", "push", "acme")
    assert "ask about acme/IMAGE" in " ".join(told.split())
    wrong = await desk.run(explain, "alice", "fly", "acme")
    assert (wrong.exit_code, "say pull, push or delete" in wrong.stderr) == (1, True)


async def test_who_one_is(desk: Desk) -> None:
    told = (await desk.said(whoami)).splitlines()
    assert told[0] == "operator (user), role of the account: admin, groups: none"
    assert (await desk.asked(whoami))["kind"] == "user"


async def test_a_robot_is_told_to_be_given_all_it_has_and_this_too(desk: Desk) -> None:
    for name in ("acme", "other"):
        await desk.said(projects, "create", name)
    robots = desk.ground.people.gate.robots
    for project in ("acme", ""):
        gifts = (
            Gift("acme/web/**", permissions=("history.read",)),
            Gift("acme", role="limitedGuest"),
        )
        await robots.create(NewRobot("ci", project, gifts), ROOT)
    told = " ".join((await desk.said(explain, "robot$acme+ci", "push", "acme/web")).split())
    assert (
        "What to do: entrepot robot change 'robot$acme+ci' --permission "
        "'history.read=acme/web/**' --role limitedGuest=acme --role developer=acme What was" in told
    )
    told = " ".join((await desk.said(explain, "robot$acme+ci", "pull", "other/web")).split())
    assert "a robot of project acme is given nothing outside of it" in told
    told = await desk.said(explain, "robot$ci", "catalog.list")
    assert "--permission 'catalog.list=*'" in told
