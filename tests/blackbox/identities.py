"""A registry with everybody who may log in, and their identity sources."""

import os
import re
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest

from tests.adapters.ldap.slapd import (
    GROUPS,
    PEOPLE,
    SEARCHER_DN,
    SEARCHER_PASSWORD,
    Slapd,
    free_port,
    start_slapd,
)
from tests.blackbox.processes import Argument, Daemon, Workspace, base_environment, run
from tests.blackbox.server import ADMINISTRATOR, Registry
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login, Wire
from tests.issuers import Issuer, github_claims, issuer, login_url
from tools.corpus.layers import File, file_layer
from tools.corpus.layout import Image, Layout
from tools.corpus.recipes import image_of

PROGRAM = Path(sys.executable).with_name("entrepot")
PROJECT = "acme"
ALLOWED = f"{PROJECT}/open"
CLOSED = f"{PROJECT}/closed"
LDAP_PASSWORD = "of lena in the directory"
OIDC_CLIENT = "entrepot"

_SECRET = re.compile(r"docker login \S+ -u (\S+) -p ([^\s<]+)<")
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(slots=True)
class Site:
    """One registry that can be stopped and started again on its port and its data."""

    workspace: Workspace
    home: Path
    port: int
    settings: Mapping[str, str]
    admin: Login
    daemon: Daemon | None = None
    github: Issuer = field(init=False)
    provider: Issuer = field(init=False)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def registry(self) -> Registry:
        return Registry(self.url, self.admin, self.daemon)

    def start(self) -> None:
        env = {**base_environment(self.home), **self.settings}
        env["ENTREPOT_ADMIN_PASSWORD"] = self.admin.password
        where: list[Argument] = ["--data", self.home / "data", "--listen", self.host]
        self.daemon = self.workspace.start([PROGRAM, "serve", *where], env=env)
        self.daemon.wait_for(self._is_ready, "GET /readyz gives 200")

    def stop(self) -> None:
        assert self.daemon is not None
        assert self.daemon.stop() == 0

    def _is_ready(self) -> bool:
        try:
            return Wire(self.url).ask("GET", "/readyz").status == 200
        except (OSError, HTTPException):
            return False

    def entrepot(self, *words: str, stdin: str = "") -> str:
        """Run a command on the server's own machine; return what it printed."""
        env = base_environment(self.home)
        return run([PROGRAM, *words, "--data", self.home / "data"], env=env, stdin=stdin).stdout

    def entrepot_as(self, login: Login, *words: str) -> str:
        """Run a command elsewhere, as somebody."""
        env = {**base_environment(self.home), "ENTREPOT_ADMIN_PASSWORD": login.password}
        where = ["--server", self.url, "--username", login.username]
        return run([PROGRAM, *words, *where], env=env).stdout

    def user(self, name: str) -> Login:
        """Add an account that may push where it is allowed."""
        login = Login(name, f"{secrets.token_urlsafe(9)} of {name}")
        self.entrepot("user", "add", name, "--password-stdin", stdin=login.password)
        self.entrepot("grant", "add", name, "developer", f"{ALLOWED}/**")
        return login

    def robot(self, name: str) -> Login:
        """Make a robot of the project, likewise."""
        words = ("robot", "create", name, "--project", PROJECT, "--push", f"{ALLOWED}/**")
        return Login(f"robot${PROJECT}+{name}", self.entrepot(*words).strip())

    def access_token(self, owner: Login, label: str) -> tuple[Login, str]:
        """Make an access token, and return its id too."""
        secret = self.entrepot_as(owner, "token", "create", label).strip()
        return Login(owner.username, secret), secret.removeprefix("ept_")[:16]

    def workload(self, **claims: Any) -> Login:
        """A job of GitHub Actions with the token of now."""
        token = self.github.sign(github_claims(self.github.url, audience=self.host, **claims))
        return Login("workload", token)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Browser:
    """Keeps cookies, and says where it is sent."""

    def __init__(self, url: str) -> None:
        kept = urllib.request.HTTPCookieProcessor(CookieJar())
        direct = urllib.request.ProxyHandler({})
        self._opener = urllib.request.build_opener(kept, direct, _NoRedirects())
        self._url = url

    def go(self, path: str, form: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, text and where it is sent."""
        data = urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(urljoin(self._url, path), data)  # noqa: S310
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers.get("Location", "")


def small_image(path: Path, text: str) -> Image:
    """Make an image of one small layer, which no other test has pushed."""
    layout = Layout.create(path)
    layer = file_layer(layout, [File("srv/who", text.encode())])
    layout.publish(image_of(layout, [layer]), "latest")
    return Image("small", layout, "latest")


def cli_secret(site: Site, claims: Mapping[str, Any]) -> Login:
    """Sign in at the provider as a person does, and make the secret for docker."""
    browser = Browser(site.url)
    status, text, away = browser.go("/signin/oidc/login")
    assert status == 303, text
    back = site.provider.authorize(away, claims)
    status, text, home = browser.go(login_url("/signin/oidc/callback", back))
    assert (status, home) == (303, "/signin/oidc"), text
    found = _CSRF.search(browser.go(home)[1])
    assert found is not None
    status, text, _ = browser.go("/signin/oidc/secret", {"csrf": found[1]})
    made = _SECRET.search(text)
    assert made is not None, text
    return Login(made[1], made[2])


def _settings(port: int, slapd: Slapd, provider: Issuer) -> dict[str, str]:
    return {
        "ENTREPOT_SERVER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ENTREPOT_LDAP_URL": slapd.url,
        "ENTREPOT_LDAP_BASE": PEOPLE,
        "ENTREPOT_LDAP_GROUP_BASE": GROUPS,
        "ENTREPOT_LDAP_BIND_DN": SEARCHER_DN,
        "ENTREPOT_LDAP_BIND_PASSWORD": SEARCHER_PASSWORD,
        "ENTREPOT_OIDC_ISSUER": provider.url,
        "ENTREPOT_OIDC_CLIENT_ID": OIDC_CLIENT,
        "ENTREPOT_OIDC_CLIENT_SECRET": provider.secret,
        "no_proxy": "*",
    }


@contextmanager
def open_site(workspace: Workspace, toolbox: Toolbox) -> Iterator[Site]:
    """Start all of them; the project is there, and nobody but the administrator in it."""
    if os.environ.get("ENTREPOT_BLACKBOX_URL") is not None:
        pytest.skip("the registry must have the settings of this test")
    slapd = start_slapd(workspace, toolbox)
    slapd.group("builders", slapd.person("lena", LDAP_PASSWORD))
    with issuer("RS256") as github, issuer() as provider:
        home, port = workspace.directory("site"), free_port()
        admin = Login(ADMINISTRATOR, secrets.token_urlsafe(12))
        site = Site(workspace, home, port, _settings(port, slapd, provider), admin)
        site.github, site.provider = github, provider
        site.start()
        site.entrepot("project", "create", PROJECT)
        yield site
        site.stop()
