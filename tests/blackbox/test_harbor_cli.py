"""harbor-cli, Harbor's own command line, unchanged, against a real server."""

import base64
import json
import os
import pty
import select
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.harbor_site import IMAGE, INDEX, Site, check_record
from tests.blackbox.harbor_talk import TALKS
from tests.blackbox.processes import CommandFailedError, Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox, absent

NAME = "harbor-cli"
RECORDED = os.environ.get("ENTREPOT_RECORD") == "1"
PASSWORD = "Made4Tests-only"  # of accounts that live as long as this test
ANSWER_SECONDS = 20
KEY_SECONDS = 0.3
"""After so long a key is typed, whether something was shown for the last one or not."""
ENTER = "\r"
SHOP = "cli-shop"
POLICY = {
    "name": "cli-pull",
    "description": "first",
    "replication_mode": "pull",
    "target_registry": "cli-remote",
    "trigger_mode": "scheduled",
    "cron_string": "0 0 3 * * *",
    "bandwidth_limit": "512",
    "override": True,
    "enabled": True,
    "replication_filter": [
        {"type": "name", "value": "library/**"},
        {"type": "tag", "decoration": "matches", "value": "v1*"},
    ],
}


@dataclass(frozen=True, slots=True)
class Harbor:
    """The program in a home of its own."""

    program: Path
    home: Path
    env: dict[str, str]

    def __call__(self, *words: str) -> str:
        """Runs it; returns what it printed."""
        done = run([self.program, *words], env=self.env)
        return done.stdout + done.stderr

    def listed(self, *words: str) -> Any:
        """Runs it, and returns what it printed as JSON."""
        found = json.loads(run([self.program, *words, "-o", "json"], env=self.env).stdout)
        return found["Payload"] if isinstance(found, dict) and "Payload" in found else found

    def refused(self, *words: str) -> str:
        """Runs what fails; returns what it said."""
        with pytest.raises(CommandFailedError) as caught:
            self(*words)
        return str(caught.value)

    def typed(self, keys: str, *words: str) -> str:
        """Runs it on a terminal of its own, where these keys are typed; some of it needs one."""
        setsid = shutil.which("setsid")
        if setsid is None:
            absent("setsid is not here: it comes with util-linux")
        terminal, inner = pty.openpty()
        command = [str(setsid), "--ctty", "--wait", str(self.program), *words]
        with subprocess.Popen(
            command, env=self.env, stdin=inner, stdout=inner, stderr=inner
        ) as process:
            os.close(inner)
            shown = _answered(terminal, [*keys.encode()])
            os.close(terminal)
            process.kill()
        assert "rror" not in shown, shown
        return shown


def _answered(terminal: int, keys: list[int]) -> str:
    """What is shown until the program ends; it is given a key whenever it has shown something."""
    shown = b""
    try:
        while select.select([terminal], [], [], KEY_SECONDS if keys else ANSWER_SECONDS)[0] or keys:
            if select.select([terminal], [], [], 0)[0]:
                shown += os.read(terminal, 1 << 16)
            if keys:
                os.write(terminal, bytes([keys.pop(0)]))
    except OSError:
        pass  # how Linux says that the other end is closed
    return shown.decode(errors="replace")


@pytest.fixture(scope="module")
def cli(toolbox: Toolbox, workspace: Workspace, site: Site) -> Harbor:
    """The program, logged in as the administrator."""
    home = workspace.directory("harbor")
    key = base64.b64encode(bytes(32)).decode()
    # Terminals of that sort are not asked for their colours, which takes seconds.
    env = {**base_environment(home), "HARBOR_ENCRYPTION_KEY": key, "TERM": "screen"}
    made = Harbor(toolbox.harbor("harbor"), home, env)
    assert "credentials" in made.refused("login", site.url, "-u", "admin", "-p", "wrong")
    assert "Login successful" in made("login", site.url, "-u", "admin", "-p", site.password)
    return made


def _named(rows: list[dict[str, Any]], name: str, key: str = "name") -> dict[str, Any]:
    (found,) = [row for row in rows if row[key] == name]
    return found


def _projects(cli: Harbor) -> None:
    cli("project", "create", SHOP, "--public", "--storage-limit", "1048576")
    assert _named(cli.listed("project", "list"), SHOP)["metadata"]["public"] == "true"
    assert _named(cli.listed("project", "list", "--fuzzy=name=shop"), SHOP)
    assert SHOP in json.dumps(cli.listed("project", "view", SHOP))
    words = ["--public=false", "--severity=high", "--prevent-vul=true", "--auto-scan=true"]
    words += ["--enable-content-trust=false", "--enable-content-trust-cosign=false"]
    cli("project", "config", "update", SHOP, *words, "--reuse-sys-cve=true")
    assert cli.listed("project", "config", "list", SHOP)["severity"] == "high"
    assert cli.typed("", "project", "summary", SHOP)
    assert SHOP in json.dumps(cli.listed("project", "search", "cli"))
    assert cli.listed("project", "logs", SHOP)
    assert "already" in cli.refused(
        "project", "create", SHOP, "--public", "--storage-limit=1048576"
    )


def _people(cli: Harbor) -> None:
    words = ["--email=ada@example.org", "--realname=Ada", "--comment=x", f"--password={PASSWORD}"]
    cli("user", "create", "--username=cli-ada", *words)
    assert _named(cli.listed("user", "list"), "cli-ada", "username")["realname"] == "Ada"
    # It counts roles from 0.
    cli("project", "member", "create", SHOP, "--username=cli-ada", "--roleid=1")
    members = cli.listed("project", "member", "list", SHOP)
    assert _named(members, "cli-ada", "entity_name")["role_id"] == 2
    cli("project", "member", "delete", SHOP, "--username=cli-ada")
    cli.typed("y" + ENTER, "user", "elevate", "cli-ada")
    assert _named(cli.listed("user", "list"), "cli-ada", "username")["sysadmin_flag"]
    cli("user", "delete", "cli-ada")
    assert "cli-ada" not in json.dumps(cli.listed("user", "list"))


def _robots(cli: Harbor) -> None:
    words = ["--duration=30", "--description=builds", "--all-permission", "-o", "json"]
    assert "Successfully created" in cli(
        "project", "robot", "create", f"--project={SHOP}", "--name=ci", *words
    )
    robot = _named(cli.listed("project", "robot", "list", SHOP), f"robot${SHOP}+ci")
    number = str(robot["id"])
    assert "builds" in cli.typed(ENTER, "project", "robot", "view", number)
    assert "updated" in cli("project", "robot", "refresh", number, "--secret", PASSWORD)
    cli("project", "robot", "delete", "ci", f"--project={SHOP}")
    assert not cli.listed("project", "robot", "list", SHOP)


def _contents(cli: Harbor) -> None:
    repositories = cli.listed("repo", "list", "library")
    assert {each["name"] for each in repositories} == {IMAGE, INDEX}
    cli("repo", "update", IMAGE, "--description", "An app")
    assert "An app" in json.dumps(cli.listed("repo", "view", IMAGE))
    assert IMAGE in json.dumps(cli.listed("repo", "search", "app"))
    assert len(cli.listed("artifact", "list", IMAGE)) == 1
    assert "amd64" in json.dumps(cli.listed("artifact", "view", f"{IMAGE}:v1"))
    assert "platforms" not in cli("artifact", "tags", "create", f"{IMAGE}:v1", "stable")
    tags = cli.listed("artifact", "tags", "list", f"{IMAGE}:v1")
    assert [each["name"] for each in tags] == ["stable", "v1"]
    cli("artifact", "tags", "delete", f"{IMAGE}:v1", "stable")
    cli("label", "create", "--name=cli-label", "--color=#FF0000", "--description=first")
    assert _named(cli.listed("label", "list"), "cli-label")["color"] == "#FF0000"
    cli.typed(4 * ENTER, "label", "update", "cli-label", "--description=second")
    assert _named(cli.listed("label", "list"), "cli-label")["description"] == "second"
    cli("artifact", "label", "add", f"{IMAGE}:v1", "cli-label")
    assert _named(cli.listed("artifact", "label", "list", f"{IMAGE}:v1"), "cli-label")
    cli("artifact", "label", "delete", f"{IMAGE}:v1", "cli-label")
    cli("label", "delete", "cli-label")
    cli("artifact", "delete", f"{INDEX}:v1")
    cli("repo", "delete", INDEX)
    assert INDEX not in json.dumps(cli.listed("repo", "list", "library"))


def _rules(cli: Harbor, site: Site) -> None:
    (project,) = [each for each in site.ask("/projects") if each["name"] == SHOP]
    words = ["--repo-decoration=repoMatches", "--repo-list=**", "--tag-decoration=matches"]
    cli.typed(5 * ENTER, "tag", "immutable", "create", SHOP, *words, "--tag-list=v*")
    (rule,) = cli.listed("tag", "immutable", "list", SHOP)
    assert rule["tag_selectors"][0]["pattern"] == "v*"
    cli.typed(ENTER, "tag", "immutable", "delete", SHOP)
    assert not cli.listed("tag", "immutable", "list", SHOP)
    assert "No retention policy" in cli.refused("tag", "retention", "list", f"-p={SHOP}")
    words = [f"-p={SHOP}", "--action=retain", "--algorithm=or", "--level=project"]
    words += ["--repodecoration=repoMatches", "--repolist=**", "--tagdecoration=matches"]
    cli.typed(6 * ENTER + "5" + ENTER, "tag", "retention", "create", *words, "--taglist=v*")
    assert "v*" in json.dumps(cli.listed("tag", "retention", "list", f"-p={SHOP}"))
    quota = cli.listed("quota", "view", "--project-name", SHOP)
    assert quota["ref"]["id"] == project["project_id"]
    cli("quota", "update", str(quota["id"]), "--storage=5GiB")
    assert cli.listed("quota", "view", str(quota["id"]))["hard"]["storage"] == 5 << 30
    assert len(cli.listed("quota", "list")) >= 2


def _remotes(cli: Harbor) -> None:
    words = ["--type=docker-registry", "--url=https://registry.example.org"]
    words += ["--credential-access-key=reader", f"--credential-access-secret={PASSWORD}"]
    cli("registry", "create", "--name=cli-remote", *words)
    remote = _named(cli.listed("registry", "list"), "cli-remote")
    assert remote["url"] == "https://registry.example.org"
    cli.typed(9 * ENTER, "registry", "update", "cli-remote", "--description=second")
    assert "second" in json.dumps(cli.listed("registry", "view", "cli-remote"))
    file = cli.home / "policy.json"
    file.write_text(json.dumps(POLICY))
    cli("replication", "policies", "create", "--policy-config-file", str(file))
    policy = _named(cli.listed("replication", "policies", "list"), "cli-pull")
    number = str(policy["id"])
    assert policy["src_registry"]["name"] == "cli-remote"
    assert policy["trigger"]["trigger_settings"]["cron"] == "0 0 3 * * *"
    cli("replication", "policies", "update", number, "--description=second")
    shown = cli.listed("replication", "policies", "view", number)
    assert shown["description"] == "second"
    # Stored now, carried out by a later version.
    assert "not" in cli.refused("replication", "start", number)
    assert "No executions" in cli("replication", "executions", "list", number)
    cli("replication", "policies", "delete", number)
    cli("registry", "delete", "cli-remote")
    assert "cli-remote" not in cli("registry", "list", "-o", "json")


def _webhooks(cli: Harbor) -> None:
    words = [f"--project={SHOP}", "--notify-type=http", "--event-type=PUSH_ARTIFACT"]
    words += ["--description=first", "--payload-format=Default", "--auth-header=x"]
    url = "--endpoint-url=https://hooks.example.org/a"
    cli("webhook", "create", "cli-hook", url, *words)
    assert "cli-hook" in cli.typed("q", "webhook", "list", SHOP)
    cli("webhook", "delete", "cli-hook", f"--project={SHOP}")
    assert "cli-hook" not in cli.typed("q", "webhook", "list", SHOP)


def _registry(cli: Harbor) -> None:
    assert cli.listed("info")
    assert "healthy" in cli.typed("", "health")
    assert cli.listed("config", "view")["auth_mode"] == "db_auth"
    file = cli.home / "configurations.json"
    file.write_text(json.dumps({"banner_message": '{"message":"Hello"}'}))
    cli("config", "apply", "--yes", "--configurations-file", str(file))
    assert "Hello" in cli.listed("config", "view")["banner_message"]
    cli.typed(3 * ENTER, "cve-allowlist", "add", "--cveid=CVE-2024-0001")
    assert "CVE-2024-0001" in json.dumps(cli.listed("cve-allowlist", "list"))
    assert cli.listed("logs")
    assert cli("schedule", "list", "-o", "json")
    assert "No job queues" in cli("jobservice", "queues", "list", "-o", "json")
    assert "No scanners" in cli("scanner", "list", "-o", "json")
    assert "not" in cli.refused("artifact", "scan", "start", f"{IMAGE}:v1")


def test_everything(cli: Harbor, site: Site) -> None:
    _projects(cli)
    _people(cli)
    _robots(cli)
    _contents(cli)
    _rules(cli, site)
    _remotes(cli)
    _webhooks(cli)
    _registry(cli)
    cli("project", "delete", SHOP)
    assert SHOP not in json.dumps(cli.listed("project", "list"))
    if RECORDED:
        site.talk.save(TALKS / f"{NAME}.jsonl", site.images)
    check_record(site, NAME)
