"""What addresses mean, and what is said when they cannot be had."""

import contextlib
import errno
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrepot.faces.server.listen import BoundSocket, ListenError, bind, split_address

Bind = Callable[[str], list[BoundSocket]]


@pytest.fixture
def bound() -> Iterator[Bind]:
    """`bind` whose sockets close with the test."""
    sockets: list[BoundSocket] = []

    def call(address: str) -> list[BoundSocket]:
        found = bind(address)
        sockets.extend(found)
        return found

    yield call
    for one in sockets:
        one.sock.close()


@pytest.mark.parametrize(
    "address, expected",
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:5000", ("::1", 5000)),
        (":5000", ("", 5000)),
        ("*:5000", ("", 5000)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_split(address: str, expected: tuple[str, int]) -> None:
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["", "5000", "host:", "host:x", "host:65536", "host:-1", "a:٣"])
def test_no_address(address: str) -> None:
    with pytest.raises(ListenError, match="write HOST:PORT"):
        split_address(address)


def test_bare_ipv6_is_explained() -> None:
    with pytest.raises(ListenError, match=r"\[::1\]:5000"):
        split_address("::1:5000")


@pytest.mark.parametrize(
    "address, hosts",
    [
        ("localhost:0", ["127.0.0.1", "[::1]"]),
        (":0", ["0.0.0.0", "[::]"]),  # noqa: S104 - asked for
        ("*:0", ["0.0.0.0", "[::]"]),  # noqa: S104 - asked for
        ("127.0.0.1:0", ["127.0.0.1"]),
        ("[::1]:0", ["[::1]"]),
    ],
)
def test_families_share_one_real_port(bound: Bind, address: str, hosts: list[str]) -> None:
    found = bound(address)
    ports = {one.sock.getsockname()[1] for one in found}
    assert len(ports) == 1
    assert ports != {0}
    assert [one.address for one in found] == [f"{host}:{min(ports)}" for host in hosts]


def test_without_ipv6(bound: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ipv6(family: int, *rest: object) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *rest)  # type: ignore[arg-type]

    real = socket.socket
    monkeypatch.setattr(socket, "socket", no_ipv6)
    assert len(bound("localhost:0")) == 1
    with pytest.raises(ListenError):
        bound("[::1]:0")


def test_in_use(bound: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = bound("127.0.0.1:0")
    with pytest.raises(ListenError, match=f"{first.address} is in use by another program"):
        bound(first.address)
    with pytest.raises(ListenError, match="is in use"):
        bound(f"localhost:{first.sock.getsockname()[1]}")
    monkeypatch.setattr(sys, "platform", "darwin")
    port = first.sock.getsockname()[1]
    monkeypatch.setattr("entrepot.faces.server.listen.AIRPLAY_PORTS", {port})
    with pytest.raises(ListenError, match="AirPlay Receiver"):
        bound(first.address)


def test_second_family_in_use_frees_the_first(bound: Bind) -> None:
    (six,) = bound("[::1]:0")
    port = six.sock.getsockname()[1]
    with pytest.raises(ListenError, match=r"\[::1\]"):
        bound(f"localhost:{port}")
    bound(f"127.0.0.1:{port}")


def test_foreign_address(bound: Bind) -> None:
    with pytest.raises(ListenError, match="no address of this machine"):
        bound("192.0.2.1:0")


def test_unknown_name(bound: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ListenError, match="no address is known"):
        bound("no-such-name.invalid:80")


def test_unix_socket_is_private_from_the_start(bound: Bind, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    tmp_path.chmod(0o777)
    modes: set[int] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):
                for found in (*tmp_path.iterdir(), *tmp_path.glob("*/*")):
                    modes.add(found.parent.lstat().st_mode & found.lstat().st_mode & 0o777)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(50):
        (one,) = bound(f"unix:{path}")
        assert one.address == f"unix:{path}"
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        one.sock.close()
        one.remove()
        assert not path.exists()
    stop.set()
    watcher.join()
    # In a directory or with a mode that lets nobody else in, at every moment.
    assert modes
    assert not any(mode & 0o077 for mode in modes)
    assert list(tmp_path.iterdir()) == []


def test_unix_socket_of_a_dead_server_is_replaced(bound: Bind, tmp_path: Path) -> None:
    path = tmp_path / "s"
    (dead,) = bound(f"unix:{path}")
    dead.sock.close()
    (alive,) = bound(f"unix:{path}")
    dead.remove()
    assert path.exists(), "the file is the other server's by now"
    alive.sock.listen()
    with pytest.raises(ListenError, match="in use by another server"):
        bound(f"unix:{path}")
    alive.remove()
    alive.remove()


def test_unix_path_errors(bound: Bind, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ListenError, match="is no socket"):
        bound(f"unix:{tmp_path}/file")
    with pytest.raises(ListenError, match="cannot listen"):
        bound(f"unix:{tmp_path}/missing/s")
    with pytest.raises(ListenError, match="use a shorter one"):
        bound(f"unix:{tmp_path}/{'x' * 120}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_a_unix_socket_has_the_mode_asked_for(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "s"
    (one,) = bind(f"unix:{path}", unix_mode=mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    one.sock.close()
    one.remove()
