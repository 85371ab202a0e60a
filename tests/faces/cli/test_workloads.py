"""`entrepot workload`: trust, and why a token is not let in."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from entrepot.faces.cli.workloads import workloads
from entrepot.rules.federation.claims import TOKEN_MAX_CHARACTERS
from tests import issuers as simulated
from tests.faces.cli.doorshop import DoorShop, open_doorshop
from tests.issuers import Issuer
from tests.serving.doorstep import HOST


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        yield made


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("no_proxy", "*")
    with simulated.issuer() as found:
        yield found


async def rule(shop: DoorShop, *words: str) -> dict[str, object]:
    """Write a rule; return what was kept."""
    found: dict[str, object] = json.loads(
        await shop.said(workloads, "trust", "web", *words, "--json")
    )
    return found


async def test_a_repository_of_github(shop: DoorShop) -> None:
    words = ("--github", "acme/web", "--ref", "refs/heads/main", "--push", "acme/web")
    said = await shop.said(workloads, "trust", "web", *words)
    assert "web is trusted: repository.pull+repository.push on acme/web" in said
    assert f"made for {HOST}" in said
    listed = (await shop.said(workloads, "list")).splitlines()[1]
    assert "repository=acme/web; ref=refs/heads/main" in listed
    assert "over" in await shop.said(workloads, "remove", "web")
    assert await shop.said(workloads, "list", "--json") == "[]\n"


async def test_a_project_of_gitlab(shop: DoorShop) -> None:
    words = ("--gitlab", "acme/web", "--ref", "refs/heads/main", "--environment", "production")
    made = await rule(shop, *words, "--issuer", "https://gitlab.example", "--audience", "here")
    assert (made["issuer"], made["audience"]) == ("https://gitlab.example", "here")
    assert made["conditions"] == {
        "project_path": ["acme/web"],
        "ref_path": ["refs/heads/main"],
        "environment": ["production"],
    }


async def test_a_service_account_of_kubernetes(shop: DoorShop) -> None:
    made = await rule(shop, "--kubernetes", "ci:builder", "--issuer", "https://cluster.example")
    assert made["conditions"] == {"sub": ["system:serviceaccount:ci:builder"]}


async def test_any_other_issuer(shop: DoorShop) -> None:
    words = ("--issuer", "https://id.example", "--claim", "sub=a", "--claim", "sub=b")
    made = await rule(shop, *words, "--description", "of the lab")
    assert (made["kind"], made["conditions"]) == ("other", {"sub": ["a", "b"]})
    assert made["description"] == "of the lab"


@pytest.mark.parametrize(
    "words,said",
    [
        ((), "say one of --github"),
        (("--github", "a/b", "--gitlab", "a/b"), "say one of --github"),
        (("--issuer", "https://id.example"), "say one of --github"),
        (("--kubernetes", "ci:builder"), "name the cluster's issuer"),
        (("--kubernetes", "ci", "--issuer", "https://a.example"), "NAMESPACE:ACCOUNT"),
        (("--github", "a/b", "--claim", "a"), "CLAIM=PATTERN"),
        (("--gitlab", "a/b", "--ref", "main"), "write refs/heads/main for a branch"),
        (("--github", "*/web"), "strangers"),
        (("--github", "a/b", "--push", "unheard"), "there is no project"),
    ],
)
async def test_rules_that_are_none(words: tuple[str, ...], said: str, shop: DoorShop) -> None:
    assert said in await shop.refused(workloads, "trust", "web", *words)


async def test_why_a_token_is_let_in_or_not(shop: DoorShop, issuer: Issuer) -> None:
    for name, repository in (("api", "acme/api"), ("web", "acme/web")):
        words = ("--github", repository, "--issuer", issuer.url)
        await shop.said(workloads, "trust", name, *words)
    token = issuer.sign(simulated.github_claims(issuer.url, audience=HOST))
    said = (await shop.said(workloads, "test", token)).splitlines()
    assert said == [
        "web: lets in repo:acme/web:ref:refs/heads/main",
        "api: claim 'repository' is acme/web, and not acme/api",
        "the first by name is used: web",
    ]
    stranger = simulated.github_claims(issuer.url, audience=HOST, repository="evil/web")
    done = await shop.run(workloads, "test", "-", stdin=issuer.sign(stranger) + "\n")
    assert (done.exit_code, "no rule lets it in" in done.stdout) == (1, True)
    assert '"matches":["web"]' in await shop.said(workloads, "test", token, "--json")
    assert "no rule is about" in await shop.refused(workloads, "test", "a.b.c")
    long = "x" * (TOKEN_MAX_CHARACTERS + 1)
    assert "at most" in await shop.refused(workloads, "test", long)


async def test_issuers_that_are_known(shop: DoorShop) -> None:
    said = await shop.said(workloads, "presets")
    assert "github: GitHub Actions https://token.actions.githubusercontent.com" in said
    assert "repository_owner_id" in said
    assert len(json.loads(await shop.said(workloads, "presets", "--json"))) == 4
