"""Everybody logs in with every client, and pushes where they may."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.identities import (
    ALLOWED,
    CLOSED,
    LDAP_PASSWORD,
    Site,
    cli_secret,
    open_site,
    small_image,
)
from tests.blackbox.logins import CLIENTS, Client
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login
from tools.corpus.layout import digest_of

SECRETS = ("password", "robot", "access-token", "ldap", "cli-secret", "workload")
HELM_TAG = "0.2.0_build.1"


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
    print(client_name, kind, caught.value)
