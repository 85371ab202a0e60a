"""What the service manager is told, and that nobody has to listen."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.adapters.systemd import READY, STOPPING, VARIABLE, notify, notify_reloading


@pytest.fixture(params=["path", "abstract"])
def manager(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """A service manager's socket."""
    path = tmp_path / "notify"
    name = str(path) if request.param == "path" else f"@{path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(name.replace("@", "\0"))
        sock.settimeout(5)
        monkeypatch.setenv(VARIABLE, name)
        yield sock


def test_the_manager_is_told(manager: socket.socket) -> None:
    notify(READY)
    assert manager.recv(100) == b"READY=1"
    notify(STOPPING, "STATUS=draining")
    assert manager.recv(100) == b"STOPPING=1\nSTATUS=draining"
    notify_reloading()
    first, second = manager.recv(100).split(b"\n")
    name, _, microseconds = second.partition(b"=")
    assert (first, name) == (b"RELOADING=1", b"MONOTONIC_USEC")
    assert int(microseconds) > 0


@pytest.mark.parametrize("value", [None, "", "/nobody/listens/here", "@nobody", "relative"])
def test_nobody_has_to_listen(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, value)
    notify(READY)
