"""Directory, provider and issuers, from the settings to a push."""

import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.faces.manage.sso import PLACE
from entrepot.settings import Ldap, Oidc, SettingsError, Workloads
from tests import issuers as simulated
from tests.adapters.ldap.conftest import settings as ldap_settings
from tests.adapters.ldap.slapd import PASSWORD as SESAME
from tests.adapters.ldap.slapd import Slapd, free_port, start_slapd
from tests.blackbox.processes import Workspace
from tests.blackbox.toolbox import Toolbox
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import PASSWORD
from tests.issuers import Issuer, login_url
from tests.services.entrance import ALICE
from tests.serving.doorstep import HOST, Doorstep, open_doorstep

PUSH = ["repository.pull", "repository.push"]


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    toolbox = Toolbox.of_environment()
    toolbox.system("slapd")
    with Workspace() as workspace:
        slapd = start_slapd(workspace, toolbox)
        slapd.group("builders", slapd.person("bob"))
        slapd.group("admins", slapd.person("ada"))
        yield slapd


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("no_proxy", "*")
    with simulated.issuer() as found:
        yield found


def oidc(issuer: Issuer, **changes: Any) -> Oidc:
    usual = {"issuer": issuer.url, "client_id": "entrepot", "client_secret": issuer.secret}
    return Oidc(**(usual | changes))


@pytest.fixture
async def door() -> AsyncIterator[Doorstep]:
    async with open_doorstep() as made:
        yield made


async def test_docker_with_the_password_of_a_directory(slapd: Slapd) -> None:
    ldap = ldap_settings(slapd.url, admin_group="admins")
    async with open_doorstep(ldap) as door:
        assert (await door.ask("POST", "/groups", {"name": "builders"})).status == 201
        wanted = {
            "subject_kind": "group",
            "subject": "builders",
            "scope": "acme",
            "role": "developer",
        }
        assert (await door.ask("POST", "/grants", wanted)).status == 201
        assert await door.push("bob", SESAME, "acme/web") == 201
        assert (await door.token("bob", "wrong")).status == 401
        members = (await door.ask("GET", "/groups/builders/members")).json["items"]
        assert members == [{"user": "bob", "sources": ["ldap"]}]
        # Ada is an administrator as the directory says so, and the first one still is.
        assert (await door.ask("GET", "/users", login=("ada", SESAME))).status == 200
        assert (await door.ask("GET", "/users", login=("bob", SESAME))).status == 403
        assert "people-sync" in door.house.handlers
        await door.house.upkeep.ensure_schedules()
        schedules = (await door.ask("GET", "/schedules")).json["items"]
        assert "people-sync" in [one["name"] for one in schedules]


async def test_a_directory_that_is_down_keeps_nobody_else_out() -> None:
    ldap = ldap_settings(f"ldap://127.0.0.1:{free_port()}")
    async with open_doorstep(ldap) as door:
        assert (await door.token("bob", SESAME)).status == 503
        assert (await door.token("admin", PASSWORD)).status == 200


async def test_files_that_cannot_be_used_are_told_at_the_start(
    issuer: Issuer, tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing")
    (tmp_path / "empty").write_text("")
    broken: list[tuple[Ldap | None, Oidc | None, str]] = [
        (ldap_settings("ldaps://127.0.0.1", ca=missing), None, "ldap.ca"),
        (None, oidc(issuer, ca=missing), "oidc.ca"),
        (
            None,
            oidc(issuer, client_secret="", client_secret_file=missing),
            "oidc.client_secret_file",
        ),
        (
            None,
            oidc(issuer, client_secret="", client_secret_file=str(tmp_path / "empty")),
            "must hold the secret",
        ),
    ]
    for ldap, provider, named in broken:
        with pytest.raises(SettingsError) as caught:
            async with open_doorstep(ldap, provider):
                pass
        assert named in str(caught.value)
    for key in ("ca", "keys"):
        with pytest.raises(SettingsError, match=rf"workloads\.{key}"):
            async with open_doorstep(
                workloads=Workloads(**{key: (f"https://a.example={missing}",)})
            ):
                pass


class Browser:
    """Keeps cookies, and goes where it is sent."""

    def __init__(self, door: Doorstep) -> None:
        self.door = door
        self.cookies: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await call(self.door.app, method, path, {"Cookie": cookie}, body)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer

    async def sign_in(self, issuer: Issuer, following: str = "") -> Answer:
        sent = await self.ask("GET", f"{PLACE}/login?next={following}")
        assert sent.status == 303, sent.body
        back = issuer.authorize(str(sent.header("Location")), ALICE)
        return await self.ask("GET", login_url(f"{PLACE}/callback", back))


async def test_a_browser_signs_in_and_docker_has_its_secret(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{issuer.secret}\n")
    given = oidc(issuer, client_secret="", client_secret_file=str(tmp_path / "secret"))
    async with open_doorstep(None, given) as door:
        browser = Browser(door)
        landed = await browser.sign_in(issuer)
        assert (landed.status, landed.header("Location")) == (303, PLACE)
        assert browser.cookies["entrepot-oidc"] == ""
        page = await browser.ask("GET", PLACE)
        assert b"Signed in as alice" in page.body
        assert "default-src 'none'" in str(page.header("Content-Security-Policy"))
        found = re.search(rb'name="csrf" value="([^"]+)"', page.body)
        assert found is not None
        made = await browser.ask("POST", f"{PLACE}/secret", b"csrf=" + found[1])
        command = re.search(rb"docker login (\S+) -u alice -p ([^<\s]+)<", made.body)
        assert command is not None, made.body
        assert command[1].decode() == HOST
        secret = command[2].decode()
        assert (await door.token("alice", secret)).status == 200
        wanted = {"subject_kind": "user", "subject": "alice", "scope": "acme", "role": "developer"}
        assert (await door.ask("POST", "/grants", wanted)).status == 201
        assert await door.push("alice", secret, "acme/web") == 201
        # The session is one of the API too, and ends with the account.
        assert (await browser.ask("GET", "/api/entrepot/v1/signin")).json["name"] == "alice"
        assert (await door.ask("POST", "/users/alice/disable", {})).status == 200
        assert (await browser.ask("GET", "/api/entrepot/v1/signin")).status == 401
        assert (await door.token("alice", secret)).status == 401
        assert (await browser.sign_in(issuer)).status == 403


async def test_attack_secret_asked_for_by_another_site(issuer: Issuer) -> None:
    async with open_doorstep(None, oidc(issuer)) as door:
        browser = Browser(door)
        await browser.sign_in(issuer)
        for body in (b"", b"csrf=", b"csrf=wrong"):
            assert (await browser.ask("POST", f"{PLACE}/secret", body)).status == 403
        assert (await Browser(door).ask("POST", f"{PLACE}/secret", b"csrf=x")).status == 401


async def test_attack_login_csrf_leaves_the_victim_signed_out(issuer: Issuer) -> None:
    async with open_doorstep(None, oidc(issuer)) as door:
        attacker, victim = Browser(door), Browser(door)
        sent = await attacker.ask("GET", f"{PLACE}/login")
        back = issuer.authorize(str(sent.header("Location")), ALICE)
        answer = await victim.ask("GET", login_url(f"{PLACE}/callback", back))
        assert answer.status == 401
        assert "entrepot-session" not in victim.cookies


@pytest.mark.parametrize("following", ["//evil", "/%5Cevil", "https:", "%2f%2fevil", "/%252fevil"])
async def test_attack_open_redirect(following: str, issuer: Issuer) -> None:
    async with open_doorstep(None, oidc(issuer)) as door:
        landed = await Browser(door).sign_in(issuer, following)
        assert landed.header("Location") == PLACE


async def test_where_somebody_wanted_to_go(issuer: Issuer) -> None:
    async with open_doorstep(None, oidc(issuer)) as door:
        landed = await Browser(door).sign_in(issuer, "/projects%3Fpage=2")
        assert landed.header("Location") == "/projects?page=2"


async def test_attack_page_with_what_the_provider_says(issuer: Issuer) -> None:
    async with open_doorstep(None, oidc(issuer)) as door:
        path = f"{PLACE}/callback?error=%3Cscript%3Ealert(1)%3C/script%3E"
        answer = await Browser(door).ask("GET", path)
        assert answer.status == 401
        assert b"<script" not in answer.body
        assert (await Browser(door).ask("GET", f"{PLACE}/nothing")).status == 404
        assert (await Browser(door).ask("GET", PLACE)).status == 401


@pytest.mark.parametrize(
    "kind,conditions,shape,stranger",
    [
        (
            "github",
            {"repository": "acme/web", "ref": "refs/heads/main"},
            simulated.github_claims,
            {"repository": "evil/web"},
        ),
        (
            "gitlab",
            {"project_path": "acme/web", "ref_protected": "true"},
            simulated.gitlab_claims,
            {"project": "evil/web"},
        ),
        (
            "kubernetes",
            {"sub": "system:serviceaccount:ci:builder"},
            simulated.kubernetes_claims,
            {"namespace": "evil"},
        ),
    ],
)
async def test_a_job_pushes_without_a_stored_secret(
    kind: str,
    conditions: dict[str, str],
    shape: Callable[..., dict[str, Any]],
    stranger: dict[str, str],
    issuer: Issuer,
    door: Doorstep,
) -> None:
    rule = {
        "kind": kind,
        "issuer": issuer.url,
        "conditions": conditions,
        "grants": [{"scope": "acme/web", "permissions": PUSH}],
    }
    made = await door.ask("PUT", "/workloads/web", rule)
    assert (made.status, made.json["audience"]) == (200, HOST)
    token = issuer.sign(shape(issuer.url, audience=HOST))
    assert await door.push("workload", token, "acme/web") == 201
    assert await door.push("workload", token, "acme/other") in (401, 403)
    refused = issuer.sign(shape(issuer.url, audience=HOST, **stranger))
    assert await door.push("workload", refused, "acme/web") == 401
    tried = await door.ask("POST", "/workload-test", {"token": refused})
    assert tried.status == 200
    assert tried.json["matches"] == []
    assert "evil" in tried.json["misses"][0]["reason"]
    assert (await door.ask("DELETE", "/workloads/web")).status == 204
    assert await door.push("workload", token, "acme/web") == 401


async def test_a_token_of_a_job_is_tried(issuer: Issuer, door: Doorstep) -> None:
    rule = {"kind": "github", "issuer": issuer.url, "conditions": {"repository": "acme/web"}}
    token = issuer.sign(simulated.github_claims(issuer.url, audience=HOST))
    assert (await door.ask("POST", "/workload-test", {"token": token})).status == 404
    await door.ask("PUT", "/workloads/web", rule)
    tried = (await door.ask("POST", "/workload-test", {"token": token})).json
    assert (tried["matches"], tried["misses"]) == (["web"], [])
    assert tried["subject"] == "repo:acme/web:ref:refs/heads/main"
    late = simulated.github_claims(issuer.url, audience=HOST, exp=int(time.time()) - 3600)
    answer = await door.ask("POST", "/workload-test", {"token": issuer.sign(late)})
    assert (answer.status, "expired" in answer.json["detail"]) == (400, True)


async def test_a_cluster_that_cannot_be_reached(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "jwks").write_text(json.dumps({"keys": issuer.published}))
    cluster = "https://kubernetes.default.svc"
    async with open_doorstep(workloads=Workloads(keys=(f"{cluster}={tmp_path}/jwks",))) as door:
        rule = {
            "kind": "kubernetes",
            "issuer": cluster,
            "conditions": {"/kubernetes.io/namespace": "ci"},
            "grants": [{"scope": "acme", "permissions": PUSH}],
        }
        assert (await door.ask("PUT", "/workloads/cluster", rule)).status == 200
        token = issuer.sign(simulated.kubernetes_claims(cluster, audience=HOST))
        assert await door.push("workload", token, "acme/web") == 201
    assert issuer.asked == []


async def test_issuers_that_are_known(door: Doorstep) -> None:
    found = (await door.ask("GET", "/workload-presets")).json["items"]
    assert [one["kind"] for one in found] == ["github", "gitlab", "kubernetes", "other"]
    for one in found:
        rule = {
            "kind": one["kind"],
            "issuer": one["issuer"] or "https://issuer.example",
            "conditions": one["example"],
        }
        answer = await door.ask("PUT", f"/workloads/{one['kind']}", rule)
        assert answer.status == 200, answer.body
