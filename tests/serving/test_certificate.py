"""The certificate's files: whole pairs are taken, everything else is told once."""

import time
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.system import SystemClock
from entrepot.adapters.tls import CertificateUnusable, own_certificate
from entrepot.serving.certificate import Certificate, find_certificate
from entrepot.settings import Server, Settings
from tests.clientcerts import Authority


class Told:
    """A log that keeps its events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def info(self, event: str, **facts: Any) -> None:
        self.events.append(("info", f"{event} {facts}"))

    def warning(self, event: str, **facts: Any) -> None:
        self.events.append(("warning", f"{event} {facts}"))

    def take(self) -> list[str]:
        taken, self.events = self.events, []
        return [level for level, _ in taken]


def make(directory: Path, *hosts: str) -> tuple[Path, Path]:
    return own_certificate(directory, [*hosts], time.time())


def put(old: Path, new: Path) -> None:
    """Replace a file as tools do that renew certificates."""
    beside = old.with_suffix(".tmp")
    beside.write_bytes(new.read_bytes())
    beside.replace(old)


def test_another_pair_is_loaded_once_it_is_whole(tmp_path: Path) -> None:
    (certificate, key), (newer, newer_key) = make(tmp_path / "a"), make(tmp_path / "b")
    log = Told()
    live = Certificate(lambda: (certificate, key), log)
    context = live.context
    live.refresh()
    assert log.take() == []
    put(certificate, newer)
    live.refresh()
    assert "is not the key of" in log.events[0][1]
    assert log.take() == ["warning"]
    live.refresh()
    assert log.take() == []  # told once
    put(key, newer_key)
    live.refresh()
    assert "expires" in log.events[0][1]
    assert log.take() == ["info"]
    assert live.context is context


def test_missing_files_are_told_each_time_and_come_back(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    log = Told()
    live = Certificate(lambda: (certificate, key), log)
    aside = key.rename(tmp_path / "aside")
    live.refresh()
    assert log.take() == ["warning"]
    aside.rename(key)
    live.refresh()
    assert "warning" not in log.take()


def test_links_are_followed(tmp_path: Path) -> None:
    """As certbot's `live` directory has them."""
    pairs = [make(tmp_path / name) for name in "ab"]
    links = (tmp_path / "cert.pem", tmp_path / "key.pem")
    for link, file in zip(links, pairs[0], strict=True):
        link.symlink_to(file)
    log = Told()
    live = Certificate(lambda: links, log)
    for link, file in zip(links, pairs[1], strict=True):
        link.unlink()
        link.symlink_to(file)
    live.refresh()
    assert log.take() == ["info"]


def test_other_files_can_be_named(tmp_path: Path) -> None:
    pairs = [make(tmp_path / name) for name in "ab"]
    log = Told()
    live = Certificate(lambda: pairs[0], log)
    live.follow(lambda: pairs[1])
    live.refresh()
    assert log.take() == ["info"]


def test_unusable_at_the_start(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    key.write_text("nonsense")
    with pytest.raises(CertificateUnusable):
        Certificate(lambda: (certificate, key), Told())


@pytest.mark.parametrize("content", ["", "nonsense", None])
def test_authorities_of_clients_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    pair, authorities = make(tmp_path), tmp_path / "clients.pem"
    if content is not None:
        authorities.write_text(content)
    with pytest.raises((CertificateUnusable, FileNotFoundError), match=r"clients\.pem"):
        Certificate(lambda: pair, Told(), authorities)


def test_authorities_of_clients_are_looked_at_too(tmp_path: Path) -> None:
    pair, log = make(tmp_path), Told()
    authorities = Authority(tmp_path).file
    live = Certificate(lambda: pair, log, authorities)
    live.refresh()
    assert log.take() == []
    put(authorities, Authority(tmp_path / "newer").file)
    live.refresh()
    assert log.take() == ["info"]
    authorities.write_text("nonsense")
    live.refresh()
    assert "(server.tls_client_ca) is no file of certificates" in log.events[0][1]
    assert log.take() == ["warning"]


@pytest.fixture
def data(tmp_path: Path) -> Any:
    directory = DataDirectory(tmp_path / "data")
    yield directory
    directory.close()


def test_what_the_settings_ask_for(tmp_path: Path, data: DataDirectory) -> None:
    clock = SystemClock()
    off = find_certificate(Settings(), data, clock)
    assert off is None
    named = Server(tls="files", tls_cert="/c", tls_key="/k")
    files = find_certificate(Settings(server=named), data, clock)
    assert files is not None
    assert files() == (Path("/c"), Path("/k"))
    auto = Server(tls="auto", listen=("unix:/s", "registry.example:5000"))
    own = find_certificate(Settings(server=auto), data, clock)
    assert own is not None
    assert own()[0] == data.tls / "server.crt"


def test_our_own_is_renewed_before_it_ends(tmp_path: Path) -> None:
    now = [time.time()]
    log = Told()
    live = Certificate(lambda: own_certificate(tmp_path, [], now[0]), log)
    live.refresh()
    assert log.take() == []
    now[0] += 800 * 86400
    live.refresh()
    assert log.take() == ["info"]
    (tmp_path / "server.key").unlink()
    live.refresh()
    assert log.take() == ["info"]
