"""Everybody logs in with every client, and pushes where they may."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.docker import Docker
from tests.blackbox.identities import (
    ALLOWED,
    CLOSED,
    LDAP_PASSWORD,
    Site,
    cli_secret,
    open_site,
    small_image,
)
from tests.blackbox.logins import CLIENTS, Client, EngineClient, Program
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login
from tools.corpus.layout import Image, digest_of

SECRETS = ("password", "robot", "access-token", "ldap", "cli-secret", "workload")
HELM_TAG = "0.2.0_build.1"
MAY_NOT_PUSH = "{} may not push {}: ask whoever runs project acme for role developer"
REASONS = {
    # It asks for the manifest first, and shows the warning that comes with the refusal.
    "oras": "{} may not pull {}: ask whoever runs project acme for role limitedGuest",
    # Likewise, but keeps the warning to itself.
    "helm": "response status code 403: Forbidden",
}
WRONG = "user name or password is wrong: log in again"
OVER = "this login is over, as its password or secret ended, was changed or was switched off"


@dataclass(frozen=True, slots=True)
class Known:
    """Who can log in, and what they are called in what is said to them."""

    site: Site
    logins: Mapping[str, Login]

    def login(self, kind: str) -> Login:
        """A workload's token is made just before it is used, as by CI."""
        return self.site.workload() if kind == "workload" else self.logins[kind]

    def called(self, kind: str) -> str:
        if kind == "workload":
            return "workload:web:repo:acme/web:ref:refs/heads/main"
        return self.logins[kind].username


@pytest.fixture(scope="module")
def site(toolbox: Toolbox, workspace: Workspace) -> Iterator[Site]:
    with open_site(workspace, toolbox) as opened:
        yield opened


@pytest.fixture(scope="module")
def known(site: Site) -> Known:
    alice = site.user("alice")
    lena = Login("lena", LDAP_PASSWORD)
    # Their group is known of here as soon as somebody in it logs in.
    site.entrepot("group", "create", "builders")
    site.entrepot("grant", "add", "--group", "builders", "developer", f"{ALLOWED}/**")
    olga = {"sub": "olga-1", "preferred_username": "olga", "groups": ["web"]}
    secret = cli_secret(site, olga)
    site.entrepot("grant", "add", "olga", "developer", f"{ALLOWED}/**")
    trusted = ("--github", "acme/web", "--ref", "refs/heads/main", "--issuer", site.github.url)
    site.entrepot("workload", "trust", "web", *trusted, "--push", f"{ALLOWED}/**")
    return Known(
        site,
        {
            "password": alice,
            "robot": site.robot("ci"),
            "access-token": site.access_token(alice, "laptop")[0],
            "ldap": lena,
            "cli-secret": secret,
        },
    )


@pytest.fixture(scope="module", params=list(CLIENTS))
def client_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def client(client_name: str, toolbox: Toolbox, workspace: Workspace) -> Client:
    return CLIENTS[client_name](toolbox, workspace)


@pytest.mark.parametrize("kind", SECRETS)
def test_logs_in_pushes_pulls_and_is_refused(
    kind: str, client_name: str, client: Client, known: Known, scratch: Path
) -> None:
    site, image = known.site, small_image(scratch / "image", f"{client_name} {kind}")
    client.log_in(site.host, known.login(kind))
    tag = HELM_TAG if client_name == "helm" else "v1"
    repository = f"{ALLOWED}/{client_name}-{kind}"
    client.push(image, f"{site.host}/{repository}:{tag}")
    pushed = digest_of(site.registry.wire().manifest(repository, tag))
    pulled = client.pull(f"{site.host}/{repository}:{tag}")
    assert pulled == {"same"} if client_name == "helm" else pushed in pulled
    with pytest.raises(CommandFailedError) as caught:
        client.push(image, f"{site.host}/{CLOSED}/{client_name}-{kind}:v1")
    reason = REASONS.get(client_name, MAY_NOT_PUSH)
    assert reason.format(known.called(kind), f"{CLOSED}/{client_name}-{kind}") in str(caught.value)


@pytest.fixture(scope="module")
def docker(toolbox: Toolbox, workspace: Workspace) -> Client:
    return CLIENTS["docker-classic"](toolbox, workspace)


@pytest.fixture(scope="module")
def crane(toolbox: Toolbox, workspace: Workspace) -> Client:
    return CLIENTS["crane"](toolbox, workspace)


@dataclass(slots=True)
class Pusher:
    """Pushes one image to one repository, as often as it is told."""

    client: Client
    site: Site
    image: Image
    repository: str

    def log_in(self, login: Login) -> None:
        self.client.log_in(self.site.host, login)

    def log_in_and_push(self, login: Login) -> None:
        self.log_in(login)
        self.push()

    def log_out(self) -> None:
        if isinstance(self.client, EngineClient):
            self.client.command("logout", self.site.host)
        else:
            assert isinstance(self.client, Program)
            self.client.line("auth", "logout", self.site.host)

    @property
    def is_docker(self) -> bool:
        return isinstance(self.client, EngineClient)

    def docker_keeps(self) -> Any:
        """Return what is in docker's file, by host."""
        assert isinstance(self.client, EngineClient)
        assert isinstance(self.client.engine, Docker)
        file = Path(self.client.engine.env["DOCKER_CONFIG"]) / "config.json"
        return json.loads(file.read_text())["auths"]

    def ended(self, reason: str) -> str:
        """Return what is told of a login that is over: docker shows a token of ours for it."""
        return OVER if self.is_docker else reason

    def push(self) -> None:
        self.client.push(self.image, f"{self.site.host}/{ALLOWED}/{self.repository}:v1")

    def refused(self) -> str:
        """Return what the client says of a push that fails."""
        with pytest.raises(CommandFailedError) as caught:
            self.push()
        return str(caught.value)


@pytest.fixture(params=["docker", "crane"])
def pusher(request: pytest.FixtureRequest, site: Site, known: Known, scratch: Path) -> Pusher:
    """docker keeps an identity token, crane what it was given."""
    client = request.getfixturevalue(request.param)
    name = f"{request.node.originalname.rpartition('_')[2]}-{request.param}"
    return Pusher(client, site, small_image(scratch / "image", name), name)


def test_a_robot_is_rotated_while_a_client_holds_the_old_secret(pusher: Pusher) -> None:
    site, name = pusher.site, f"turns-{pusher.repository[-5:]}"
    robot = site.robot(name)
    pusher.log_in_and_push(robot)
    words = ("robot", "rotate", robot.username.removeprefix("robot$"))
    middle = site.entrepot(*words, "--overlap", "1h").strip()
    pusher.push()
    newest = site.entrepot(*words).strip()
    assert pusher.ended(WRONG) in pusher.refused()
    with pytest.raises(CommandFailedError, match=WRONG):
        pusher.log_in_and_push(Login(robot.username, middle))
    pusher.log_in_and_push(Login(robot.username, newest))


def test_a_user_is_switched_off_and_on(pusher: Pusher) -> None:
    site, name = pusher.site, f"dora-{pusher.repository[-5:]}"
    login = site.user(name)
    pusher.log_in_and_push(login)
    site.entrepot("user", "disable", name)
    reason = f"{name} is switched off: ask an administrator to switch the account on again"
    assert pusher.ended(reason) in pusher.refused()
    with pytest.raises(CommandFailedError, match=reason):
        pusher.log_in_and_push(login)
    site.entrepot("user", "enable", name)
    pusher.log_in_and_push(login)


def test_an_access_token_is_revoked(pusher: Pusher) -> None:
    site = pusher.site
    owner = site.user(f"rita-{pusher.repository[-5:]}")
    login, token_id = site.access_token(owner, "laptop")
    pusher.log_in_and_push(login)
    site.entrepot_as(owner, "token", "revoke", token_id)
    assert pusher.ended(WRONG) in pusher.refused()
    pusher.log_in_and_push(owner)


def test_who_has_logged_out_is_told_to_log_in(pusher: Pusher) -> None:
    pusher.log_in_and_push(pusher.site.user(f"lou-{pusher.repository[-5:]}"))
    pusher.log_out()
    told = f"denied: log in to push {ALLOWED}/{pusher.repository}: docker login asks for user"
    # crane looks for the tag first, and what is answered to a HEAD has no words.
    assert (told if pusher.is_docker else "401 Unauthorized") in pusher.refused()


def test_the_server_is_started_again_between_login_and_push(pusher: Pusher) -> None:
    """What docker keeps instead of the password holds on."""
    site, login = pusher.site, pusher.site.user(f"stan-{pusher.repository[-5:]}")
    pusher.log_in(login)
    if pusher.is_docker:
        kept = pusher.docker_keeps()
        assert kept[site.host]["identitytoken"]
        assert base64.b64decode(kept[site.host]["auth"]).decode() == f"{login.username}:"
    site.stop()
    site.start()
    pusher.push()
