"""The data directory: private, and one server's alone."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot.adapters.datadir import SOCKET_PATH_MAX_BYTES, DataDirectory, DirectoryBusy

HOLD = """
import sys, time
from pathlib import Path
from entrepot.adapters.datadir import DataDirectory
data = DataDirectory(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def count_descriptors() -> int:
    return len([*Path("/dev/fd").iterdir()])


@contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the directory."""
    arguments = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_nobody_else_can_look_into_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        data = DataDirectory(tmp_path / "data")
    finally:
        os.umask(before)
    for folder in (data.path, data.secrets, data.run):
        assert mode(folder) == 0o700
    assert mode(data.run / "lock") == 0o600
    data.close()


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "data" / "run").mkdir(parents=True)
    (tmp_path / "data" / "mine").write_text("mine")
    DataDirectory(tmp_path / "data").close()
    assert (tmp_path / "data" / "mine").read_text() == "mine"


def test_a_second_server_is_told_which_process_has_it(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as other:
        with pytest.raises(DirectoryBusy) as caught:
            DataDirectory(tmp_path)
        assert f"process {other.pid})" in str(caught.value)
        assert str(tmp_path) in str(caught.value)
        assert "--data" in str(caught.value)


def test_a_killed_server_holds_nothing(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        data = DataDirectory(tmp_path)
    assert (data.run / "lock").read_text() == str(os.getpid())
    data.close()


def test_one_process_cannot_have_it_twice(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    before = count_descriptors()
    with pytest.raises(DirectoryBusy, match=f"process {os.getpid()}"):
        DataDirectory(tmp_path)
    assert count_descriptors() == before
    first.close()
    DataDirectory(tmp_path).close()


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        data.close()
        DataDirectory(tmp_path).close()
        child.kill()


def test_the_address_is_there_while_the_server_is(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.write_address("http://127.0.0.1:5000\n")
    data.write_address("http://127.0.0.1:5001\n")
    assert (data.run / "address").read_text() == "http://127.0.0.1:5001\n"
    data.close()
    assert sorted(path.name for path in data.run.iterdir()) == ["lock"]


def test_a_path_too_long_for_a_socket_has_none(tmp_path: Path) -> None:
    room = SOCKET_PATH_MAX_BYTES - len(os.fsencode(tmp_path / "x" / "run" / "entrepot.sock")) + 1
    fits, too_long = (DataDirectory(tmp_path / ("d" * length)) for length in (room, room + 1))
    assert fits.socket == fits.run / "entrepot.sock"
    assert len(os.fsencode(fits.socket)) == SOCKET_PATH_MAX_BYTES
    assert too_long.socket is None
    fits.close()
    too_long.close()


def test_paths_do_not_move_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = DataDirectory(Path("data"))
    assert data.catalog == tmp_path / "data" / "catalog.db"
    assert data.tls == tmp_path / "data" / "tls"
    data.close()


def test_one_that_is_about_to_go_is_waited_for(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as process:
        with pytest.raises(DirectoryBusy):
            DataDirectory(tmp_path, patience_seconds=0.1)
        timer = threading.Timer(0.1, process.kill)
        timer.start()
        DataDirectory(tmp_path, patience_seconds=30).close()
        timer.join()


def test_it_is_locked_as_long_as_any_of_its_processes_has_it(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    first.write_address("here")
    worker = DataDirectory(tmp_path, inherited=os.dup(first.lock))
    worker.close()
    assert (first.run / "address").exists()
    worker = DataDirectory(tmp_path, inherited=os.dup(first.lock))
    first.close()
    with pytest.raises(DirectoryBusy):
        DataDirectory(tmp_path)
    worker.close()
    DataDirectory(tmp_path).close()
