"""The registry under test: a real `entrepot serve`, or one that runs already.

`ENTREPOT_BLACKBOX_URL` (`http://user:password@host:port`) names a running
registry to use instead; `ENTREPOT_BLACKBOX_OPEN_URL` one that needs no login.
A registry from elsewhere may lack the referrers API: see `Registry.foreign`.
"""

import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tests.blackbox.processes import (
    TAIL_CHARACTERS,
    Argument,
    Daemon,
    Workspace,
    base_environment,
)
from tests.blackbox.wire import Login, Wire

ADMINISTRATOR = "admin"
ADDRESS = re.compile(r"http://[^\s/]+:\d+")


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that answers, and how to get in (`login` None: nobody needs to)."""

    url: str
    login: Login | None
    daemon: Daemon | None

    @property
    def host(self) -> str:
        """HOST:PORT, as it stands before a repository's name."""
        return urlsplit(self.url).netloc

    @property
    def foreign(self) -> bool:
        """Whether it was started elsewhere, and may be another program."""
        return self.daemon is None

    def wire(self) -> Wire:
        """A plain HTTP view with all rights."""
        return Wire(self.url, self.login)

    def anonymous(self) -> Wire:
        """A plain HTTP view with no credentials."""
        return Wire(self.url)

    def name(self, repository: str, tag: str = "latest") -> str:
        """The full reference that clients take."""
        return f"{self.host}/{repository}:{tag}"

    def peak_rss_bytes(self) -> int | None:
        """The most memory that the server held so far, where this system tells."""
        status = Path(f"/proc/{self.daemon.pid}/status") if self.daemon is not None else None
        if status is None or not status.exists():
            return None
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found.group(1)) * 1024 if found is not None else None


@contextmanager
def find_registry(workspace: Workspace, *, open_to_all: bool) -> Iterator[Registry]:
    """The registry named in the environment, or a fresh one of our own."""
    variable = "ENTREPOT_BLACKBOX_OPEN_URL" if open_to_all else "ENTREPOT_BLACKBOX_URL"
    if (named := os.environ.get(variable)) is not None:
        yield running(named)
        return
    with own_registry(workspace, open_to_all=open_to_all) as started:
        yield started


@contextmanager
def own_registry(
    workspace: Workspace, *, open_to_all: bool, settings: Mapping[str, str] | None = None
) -> Iterator[Registry]:
    """A fresh registry of our own, with these variables set.

    It must live to the end, and then stop with status 0 when it is asked to.
    """
    started = start_entrepot(workspace, open_to_all=open_to_all, settings=settings or {})
    yield started
    if started.daemon is not None:
        ended_before = started.daemon.process.poll()
        status = started.daemon.stop()
        output = started.daemon.output()[-TAIL_CHARACTERS:]
        assert ended_before is None, f"the server ended by itself, exit {status}:\n{output}"
        assert status == 0, f"the server was asked to stop, exit {status}:\n{output}"


def start_entrepot(
    workspace: Workspace, *, open_to_all: bool, settings: Mapping[str, str]
) -> Registry:
    """Starts `entrepot serve` on a free port of loopback, and waits until it is ready."""
    login = None if open_to_all else Login(ADMINISTRATOR, secrets.token_urlsafe(12))
    home = workspace.directory("server")
    env = {**base_environment(home), **settings}
    if login is not None:
        env["ENTREPOT_ADMIN_PASSWORD"] = login.password
    program = Path(sys.executable).with_name("entrepot")
    command: list[Argument] = [program, "serve", "--data", home / "data"]
    command += ["--listen", "127.0.0.1:0", *(["--open"] if open_to_all else [])]
    daemon = workspace.start(command, env=env)
    daemon.wait_for(lambda: _address(daemon) is not None, "the server prints its address")
    url = _address(daemon) or ""
    daemon.wait_for(lambda: _ready(url), "GET /readyz gives 200")
    return Registry(url, login, daemon)


def running(named: str) -> Registry:
    """A registry that runs already, by its URL."""
    parts = urlsplit(named)
    login = None
    if parts.username is not None and parts.password is not None:
        login = Login(parts.username, parts.password)
    return Registry(f"http://{parts.hostname}:{parts.port}", login, None)


def _address(daemon: Daemon) -> str | None:
    # Whole lines only: the last one may be half written.
    *lines, _ = daemon.output().split("\n")
    found = ADDRESS.search("\n".join(lines))
    return None if found is None else found.group()


def _ready(url: str) -> bool:
    try:
        return Wire(url).ask("GET", "/readyz").status == 200
    except (OSError, HTTPException):
        return False
