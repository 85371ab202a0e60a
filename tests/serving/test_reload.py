"""SIGHUP: what is taken over, what waits for a restart, and what changes nothing."""

import io
import json
import logging
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from entrepot.adapters.logging import configure
from entrepot.faces.server import ServerLimits, TrustedProxies
from entrepot.serving.reload import AT_ONCE, Reload, changed_keys, has_terminal, with_keys
from entrepot.settings import Settings, SettingsError, keys, load

Toml = str


class Site:
    """A server that is told of limits, and the reloading of its settings."""

    def __init__(self, toml: Toml) -> None:
        self.toml = toml
        self.limits: list[ServerLimits] = []
        self.stream = io.StringIO()
        settings = self.read()
        self.log = configure(settings.log.level, "json", self.stream)
        self.trusted = TrustedProxies(settings.server.trusted_proxies)
        self.reload = Reload(
            settings,
            self.read,
            log=self.log,
            trusted=self.trusted,
            certificate=None,
            find=lambda _: None,
        )

    def read(self) -> Settings:
        return load(self.toml, {}, {})

    def set_limits(self, limits: ServerLimits) -> None:
        self.limits.append(limits)

    def hangup(self, toml: Toml) -> dict[str, Any]:
        """Change the file and return the line that is logged."""
        self.toml = toml
        self.stream.truncate(0)
        self.stream.seek(0)
        self.reload.hangup(self)
        (line,) = self.stream.getvalue().splitlines()
        told: dict[str, Any] = json.loads(line)
        return told


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = [*logging.root.handlers], logging.root.level
    logging.root.handlers.clear()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def test_what_can_be_is_applied_and_the_rest_is_named() -> None:
    site = Site("")
    told = site.hangup(
        "[log]\nlevel = 'debug'\nformat = 'text'\n[limits]\nconnections = 7\n"
        "[server]\ntrusted_proxies = ['10.0.0.0/8']\nlisten = ['localhost:1']"
    )
    assert told["event"] == "settings reloaded"
    assert told["changed"] == ["server.trusted_proxies", "limits.connections", "log.level"]
    assert told["restart_needed_for"] == ["server.listen", "log.format"]
    assert site.limits[-1].connections_max == 7
    assert "10.1.2.3" in site.trusted
    site.log.debug("seen")
    assert "seen" in site.stream.getvalue()


def test_what_waits_for_a_restart_is_named_until_then() -> None:
    site = Site("")
    for _ in range(2):
        told = site.hangup("[server]\nlisten = ['localhost:1']")
        assert told["restart_needed_for"] == ["server.listen"]
    assert site.hangup("")["restart_needed_for"] == []


@pytest.mark.parametrize(
    "toml,cause",
    [
        ("[server\n", "not valid TOML"),
        ("[log]\nlevel = 'loud'\n[limits]\nconnections = 7", "log.level"),
        # Sensible after a restart, but with what runs now nobody could connect.
        ("[limits]\nconnections = 7", "server.proxy_protocol"),
    ],
)
def test_what_cannot_be_used_changes_nothing(toml: Toml, cause: str) -> None:
    before = "[server]\nproxy_protocol = true\ntrusted_proxies = ['10.0.0.0/8']"
    site = Site(before)
    told = site.hangup(toml)
    assert told["level"] == "warning"
    assert cause in told["cause"]
    assert site.limits == []
    assert "10.1.2.3" in site.trusted
    assert site.hangup(before)["changed"] == []


def test_every_key_that_applies_at_once_exists() -> None:
    assert {f"{section}.{key}" for section, key, _, _ in keys()} >= AT_ONCE


def test_changes_are_found_and_made_key_by_key() -> None:
    old, new = load("", {}, {}), load("[log]\nlevel = 'debug'\n[uploads]\nidle_seconds = 5", {}, {})
    assert [*changed_keys(old, new)] == ["uploads.idle_seconds", "log.level"]
    mixed = with_keys(old, new, ["log.level"])
    assert (mixed.log.level, mixed.uploads) == ("debug", old.uploads)


class Pair:
    """A certificate that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def follow(self, find: Callable[[], Any], client_ca: Path | None = None) -> None:
        self.told.append(str(find()))
        if client_ca is not None:
            self.told.append(str(client_ca))

    def refresh(self) -> None:
        self.told.append("refresh")


@pytest.mark.parametrize(
    "toml,applied,later,told",
    [
        (
            "[server]\ntls = 'files'\ntls_cert = 'new'\ntls_key = 'k'",
            ["server.tls_cert"],
            [],
            ["new", "refresh"],
        ),
        ("", [], ["server.tls", "server.tls_cert", "server.tls_key"], ["c", "refresh"]),
        ("[server\n", None, None, ["refresh"]),
    ],
)
def test_certificates_are_looked_at_in_every_case(
    toml: Toml, applied: list[str] | None, later: list[str] | None, told: list[str]
) -> None:
    site = Site("[server]\ntls = 'files'\ntls_cert = 'c'\ntls_key = 'k'")
    pair = Pair()
    site.reload._certificate = pair  # type: ignore[assignment]
    site.reload._find = lambda settings: lambda: settings.server.tls_cert  # type: ignore[assignment,return-value]
    line = site.hangup(toml)
    assert (line.get("changed"), line.get("restart_needed_for")) == (applied, later)
    assert pair.told == told


FILES = "[server]\ntls = 'files'\ntls_cert = 'c'\ntls_key = 'k'\n"


@pytest.mark.parametrize(
    "before,after,applied,told",
    [
        ("tls_client_ca = 'a'", "tls_client_ca = 'b'", ["server.tls_client_ca"], ["c", "b"]),
        ("tls_client_ca = 'a'", "", [], ["c", "a"]),
        ("", "tls_client_ca = 'b'", [], ["c"]),
        ("tls_client_ca = 'a'", "tls_client_ca = 'a'\ntls_client_name = 'dns'", [], ["c", "a"]),
    ],
)
def test_the_authorities_of_clients_change_but_not_whether_there_are_any(
    before: str, after: str, applied: list[str], told: list[str]
) -> None:
    site = Site(FILES + before)
    pair = Pair()
    site.reload._certificate = pair  # type: ignore[assignment]
    site.reload._find = lambda settings: lambda: settings.server.tls_cert  # type: ignore[assignment,return-value]
    line = site.hangup(FILES + after)
    assert line["changed"] == applied
    assert bool(line["restart_needed_for"]) != bool(applied)
    assert pair.told == [*told, "refresh"]


SERVER = """
import io, os, signal, sys
os.close(os.open(sys.argv[1], os.O_RDWR))  # a session leader's first terminal is its own
if sys.argv[2] == "ignored":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
from entrepot.adapters.logging import configure
from entrepot.faces.server import TrustedProxies
from entrepot.serving import reload
from entrepot.settings import Settings
class Site:
    def set_limits(self, limits): print("reloaded", flush=True)
made = reload.Reload(Settings(), Settings, log=configure("error", "json", io.StringIO()),
    trusted=TrustedProxies(), certificate=None, find=lambda _: None)
signal.signal(signal.SIGHUP, lambda *_: made.hangup(Site()))
print("ready", reload.has_terminal(), flush=True)
while True: signal.pause()
"""


def _line(stream: Any) -> str:
    return str(stream.readline().decode().strip())


@pytest.mark.parametrize("ignored", [False, True])
def test_closing_the_terminal_still_ends_it(ignored: bool) -> None:
    """SIGHUP reloads while the terminal is there; without it the signal means what it always did.

    Under nohup, which ignores the signal, it only reloads.
    """
    master, slave = pty.openpty()
    command = [sys.executable, "-c", SERVER, os.ttyname(slave), "ignored" if ignored else ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert _line(process.stdout) == "ready True"
            process.send_signal(signal.SIGHUP)
            assert _line(process.stdout) == "reloaded"
            os.close(slave)
            os.close(master)  # its session leader is told by the kernel
            if ignored:
                assert _line(process.stdout) == "reloaded"
            else:
                assert process.wait(10) == -signal.SIGTERM
        finally:
            process.kill()


def test_a_service_has_no_terminal(tmp_path: Path) -> None:
    code = "from entrepot.serving.reload import has_terminal; print(has_terminal())"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        start_new_session=True,
        capture_output=True,
        check=True,
        text=True,
    )
    assert shown.stdout.strip() == "False"
    assert has_terminal() in (True, False)


def test_settings_errors_are_told_with_their_cause() -> None:
    site = Site("")

    def missing() -> Settings:
        raise SettingsError("registry.toml: No such file or directory")

    site.reload._reread = missing
    assert site.hangup("")["cause"] == "registry.toml: No such file or directory"
