"""Jobs of CI and pods push with the token of their issuer, and no stored secret."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import issuers
from tests.blackbox.identities import ALLOWED, CLOSED, Site, open_site, small_image
from tests.blackbox.logins import CLIENTS, Client
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login
from tests.issuers import Issuer, github_claims, gitlab_claims, kubernetes_claims
from tools.corpus.layout import digest_of

Claims = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of issuer: how it is trusted, what its tokens say, and what is wrong elsewhere."""

    words: tuple[str, ...]
    claims: Claims
    subject: str
    elsewhere: dict[str, dict[str, str]]


KINDS = {
    "github": Kind(
        ("--github", "acme/web", "--ref", "refs/heads/main"),
        github_claims,
        "repo:acme/web:ref:refs/heads/main",
        {"branch": {"ref": "refs/heads/evil"}, "repository": {"repository": "evil/web"}},
    ),
    "gitlab": Kind(
        ("--gitlab", "acme/web", "--ref", "refs/heads/main"),
        gitlab_claims,
        "project_path:acme/web:ref_type:branch:ref:main",
        {"branch": {"ref": "evil"}, "repository": {"project": "evil/web"}},
    ),
    "kubernetes": Kind(
        ("--kubernetes", "ci:builder"),
        kubernetes_claims,
        "system:serviceaccount:ci:builder",
        {"branch": {"account": "default"}, "repository": {"namespace": "evil"}},
    ),
}


@pytest.fixture(scope="module")
def site(toolbox: Toolbox, workspace: Workspace) -> Iterator[Site]:
    with open_site(workspace, toolbox) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Trusted:
    """One issuer with the rule that trusts it."""

    site: Site
    name: str
    kind: Kind
    issuer: Issuer

    def login(self, audience: str = "", **claims: Any) -> Login:
        to = audience or self.site.host
        return Login("workload", self.issuer.sign(self.said(audience=to, **claims)))

    def said(self, **claims: Any) -> dict[str, Any]:
        return self.kind.claims(self.issuer.url, **claims)


@pytest.fixture(scope="module", params=list(KINDS))
def trusted(request: pytest.FixtureRequest, site: Site) -> Iterator[Trusted]:
    kind = KINDS[request.param]
    with issuers.issuer("RS256") as issuer:
        words = (*kind.words, "--issuer", issuer.url, "--push", f"{ALLOWED}/**")
        told = site.entrepot("workload", "trust", request.param, *words)
        assert f"its tokens are to be made for {site.host}" in told
        yield Trusted(site, request.param, kind, issuer)


@pytest.fixture(scope="module", params=["docker-classic", "docker-containerd", "crane", "skopeo"])
def client(request: pytest.FixtureRequest, toolbox: Toolbox, workspace: Workspace) -> Client:
    return CLIENTS[request.param](toolbox, workspace)


@pytest.fixture(scope="module")
def skopeo(toolbox: Toolbox, workspace: Workspace) -> Client:
    """The one that keeps nothing: its credentials come with each command."""
    return CLIENTS["skopeo-creds"](toolbox, workspace)


def test_pushes_without_a_stored_secret(client: Client, trusted: Trusted, scratch: Path) -> None:
    site, name = trusted.site, f"{trusted.name}-{scratch.name[-8:]}"
    image = small_image(scratch / "image", name)
    client.log_in(site.host, trusted.login())
    client.push(image, f"{site.host}/{ALLOWED}/{name}:v1")
    pushed = digest_of(site.registry.wire().manifest(f"{ALLOWED}/{name}", "v1"))
    assert pushed in client.pull(f"{site.host}/{ALLOWED}/{name}:v1")
    with pytest.raises(CommandFailedError) as caught:
        client.push(image, f"{site.host}/{CLOSED}/{name}:v1")
    who = f"workload:{trusted.name}:{trusted.kind.subject}"
    reason = f"{who} may not push {CLOSED}/{name}: ask whoever runs project acme for role developer"
    assert reason in str(caught.value)


def refusal(client: Client, trusted: Trusted, scratch: Path, login: Login) -> str:
    """Return what is said when it is tried with a token."""
    client.log_in(trusted.site.host, login)
    image = small_image(scratch / "image", "refused")
    with pytest.raises(CommandFailedError) as caught:
        client.push(image, f"{trusted.site.host}/{ALLOWED}/refused:v1")
    return str(caught.value)


@pytest.mark.parametrize("what", ["branch", "repository"])
def test_a_job_from_elsewhere_is_refused(
    what: str, skopeo: Client, trusted: Trusted, scratch: Path
) -> None:
    login = trusted.login(**trusted.kind.elsewhere[what])
    told = refusal(skopeo, trusted, scratch, login)
    assert "is good, but no rule lets it in: ask an administrator" in told
    with pytest.raises(CommandFailedError, match="no rule lets it in"):
        trusted.site.entrepot("workload", "test", login.password)


def test_a_token_of_yesterday_or_for_another_registry_is_refused(
    skopeo: Client, trusted: Trusted, scratch: Path
) -> None:
    old = trusted.said(audience=trusted.site.host) | issuers.times(1_700_000_000)
    told = refusal(skopeo, trusted, scratch / "old", Login("workload", trusted.issuer.sign(old)))
    assert "unauthorized: the token expired" in told
    assert "get a new one, or set the clocks" in told
    told = refusal(skopeo, trusted, scratch / "other", trusted.login("elsewhere.example"))
    assert f"made for 'elsewhere.example': ask for one for {trusted.site.host}" in told


def test_an_issuer_that_nobody_trusts_is_refused(
    skopeo: Client, trusted: Trusted, scratch: Path
) -> None:
    with issuers.issuer() as stranger:
        claims = trusted.said(audience=trusted.site.host) | {"iss": stranger.url}
        login = Login("workload", stranger.sign(claims))
        told = refusal(skopeo, trusted, scratch, login)
        assert f"no rule trusts tokens of '{stranger.url}'" in told
    forged = Login("workload", stranger.sign(trusted.said(audience=trusted.site.host)))
    told = refusal(skopeo, trusted, scratch / "forged", forged)
    assert f"key is none of {trusted.issuer.url} for" in told
