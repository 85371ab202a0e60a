"""A bundle: made here, installed and served where there is no network."""

import hashlib
import platform
import shutil
import socket
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from entrepot import __version__
from entrepot.faces.cli.bundle.platforms import this_python
from tests.blackbox.bundles import make_bundle
from tests.blackbox.deployments import DEPLOY, settings_in
from tests.blackbox.processes import (
    START_SECONDS,
    STOP_SECONDS,
    Argument,
    CommandFailedError,
    Workspace,
    base_environment,
    run,
)
from tests.blackbox.server import ADMINISTRATOR
from tests.blackbox.toolbox import ROOT, Toolbox, need_root
from tests.blackbox.wire import Login, Wire
from tools.corpus.shelf import Shelf

INTERPRETER = Path(getattr(sys, "_base_executable", sys.executable))
"""Python itself, not that of the environment which the tests run in."""


@pytest.fixture(scope="module")
def prefix(toolbox: Toolbox, bundle: Path, workspace: Workspace) -> Path:
    """An installation from the bundle, made where there is no network."""
    need_root("unshare --net")
    home = workspace.directory("installed")
    words: list[Argument] = [
        bundle / "install.sh",
        "--prefix",
        home / "opt",
        "--python",
        INTERPRETER,
    ]
    run([toolbox.system("unshare"), "--net", *words], env=base_environment(home))
    return home / "opt"


def test_sums_cover_all(bundle: Path) -> None:
    lines = (bundle / "SHA256SUMS").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {path for path in bundle.rglob("*") if path.is_file()} - {bundle / "SHA256SUMS"}
    assert told == {
        str(path.relative_to(bundle)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_it_has_all_to_deploy_with(bundle: Path) -> None:
    for name in (
        "install.sh",
        "deploy/Containerfile",
        "deploy/compose.yaml",
        "deploy/compose.scale.yaml",
        "deploy/helm/entrepot/Chart.yaml",
        "deploy/systemd/entrepot.service",
    ):
        assert (bundle / name).is_file(), name
    wheels = {path.name for path in (bundle / "wheels").iterdir()}
    assert f"entrepot-{__version__}-py3-none-any.whl" in wheels
    assert any(name.startswith("uvloop-") and "x86_64" in name for name in wheels)
    assert any(name.startswith("uvloop-") and "aarch64" in name for name in wheels)


def test_serves_where_there_is_no_network(
    toolbox: Toolbox, prefix: Path, workspace: Workspace, shelf: Shelf
) -> None:
    home = workspace.directory("airgap")
    program = prefix / "current" / "bin" / "entrepot"
    words: list[Argument] = [sys.executable, "-m", "tests.blackbox.airgap", program, home]
    words.append(shelf.image("layers-64").layout.path)
    env = base_environment(home) | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    said = run([toolbox.system("unshare"), "--net", *words], env=env).stdout
    assert said == "65 blobs are as they were\n"


def test_what_is_installed_makes_the_same_bundle(
    prefix: Path, bundle: Path, workspace: Workspace
) -> None:
    home = workspace.directory("again")
    program = prefix / "current" / "bin" / "entrepot"
    pythons = (bundle / "PYTHONS").read_text().split()
    archive = make_bundle(home / "again.tar", pythons, program=program, home=home)
    with tarfile.open(archive) as opened:
        opened.extractall(home, filter="data")
    again = home / f"entrepot-{__version__}"
    assert _names(again) == _names(bundle)
    wheel = f"wheels/entrepot-{__version__}-py3-none-any.whl"
    for name in _names(bundle) - {wheel, "SHA256SUMS"}:
        assert (again / name).read_bytes() == (bundle / name).read_bytes(), name
    assert (again / "install.sh").stat().st_mode & 0o777 == 0o755
    # Packed anew: other times in the archive, the same files.
    assert _unpacked(again / wheel, home / "one") == _unpacked(bundle / wheel, home / "two")


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _unpacked(wheel: Path, folder: Path) -> dict[str, bytes]:
    shutil.unpack_archive(wheel, folder, "zip")
    found = {name: (folder / name).read_bytes() for name in _names(folder)}
    # The order of its lines is nobody's concern.
    return {name: b"".join(sorted(text.splitlines(keepends=True))) for name, text in found.items()}


def test_another_byte_is_seen(bundle: Path, workspace: Workspace) -> None:
    home = workspace.directory("changed")
    copied = home / "bundle"
    shutil.copytree(bundle, copied)
    wheel = next((copied / "wheels").glob("uvicorn-*"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(CommandFailedError, match=r"uvicorn.*FAILED"):
        run([copied / "install.sh", "--prefix", home / "opt"], env=base_environment(home))
    assert not (home / "opt").exists()


def test_one_more_package_is_seen(bundle: Path, workspace: Workspace) -> None:
    home = workspace.directory("added")
    copied = home / "bundle"
    shutil.copytree(bundle, copied)
    (copied / "wheels" / "other-1.0-py3-none-any.whl").touch()
    with pytest.raises(CommandFailedError, match=r"other-1.0.* is not in SHA256SUMS"):
        run([copied / "install.sh", "--prefix", home / "opt"], env=base_environment(home))


def test_another_python_is_refused(bundle: Path, workspace: Workspace) -> None:
    home = workspace.directory("python")
    other = home / "python"
    other.write_text("#!/bin/sh\necho 3.9\n")
    other.chmod(0o755)
    words: list[Argument] = [bundle / "install.sh", "--prefix", home / "opt", "--python", other]
    with pytest.raises(CommandFailedError, match=r"is none of those that this bundle is for"):
        run(words, env=base_environment(home))


@pytest.fixture(scope="module")
def root(prefix: Path, bundle: Path, workspace: Workspace) -> Path:
    """A tree that has the packages already, with the unit and all that belongs to it."""
    home = workspace.directory("root")
    shutil.copytree(prefix, home / "opt" / "entrepot", symlinks=True)
    words: list[Argument] = [
        bundle / "install.sh",
        "--root",
        home,
        "--systemd",
        "--python",
        INTERPRETER,
    ]
    run(words, env=base_environment(home))
    return home


def test_a_tree_for_an_image(root: Path) -> None:
    program = root / "opt" / "entrepot" / "current" / "bin" / "entrepot"
    assert program.read_text().startswith(f"#!/opt/entrepot/{__version__}/bin/python")
    settings = settings_in(root / "etc" / "entrepot" / "entrepot.toml")
    assert settings.storage.data == "/var/lib/entrepot"
    assert settings.server.listen == ("*:5000",)


def test_systemd_takes_the_unit(toolbox: Toolbox, root: Path) -> None:
    analyze = toolbox.system("systemd-analyze")
    unit = root / "etc" / "systemd" / "system" / "entrepot.service"
    kill = root / "bin" / "kill"
    kill.parent.mkdir()
    kill.touch(0o755)
    # What it is wanted by, and what it comes after.
    for name in ("multi-user.target", "network-online.target", "sysinit.target"):
        (unit.parent / name).write_text("[Unit]\nDescription=of a test\n")
    done = subprocess.run(
        [analyze, "verify", f"--root={root}", "--man=no", "--recursive-errors=no", unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "entrepot" not in done.stderr.replace(str(root), "")
    assert done.returncode == 0, done.stderr
    run([analyze, "security", "--offline=true", "--threshold=20", unit], env=base_environment(root))


HARDENED = """
import ctypes, os, sys
# MemoryDenyWriteExecute: prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), as Linux 6.3 has it.
refused = ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0)
print("mdwe", "refused" if refused else "set", flush=True)
os.umask(0o077)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_the_server_bears_what_the_unit_takes_away(
    toolbox: Toolbox, prefix: Path, workspace: Workspace, shelf: Shelf
) -> None:
    given = set((DEPLOY / "systemd" / "entrepot.service").read_text().splitlines())
    assert {"MemoryDenyWriteExecute=yes", "ProcSubset=pid", "CapabilityBoundingSet="} <= given
    home = workspace.directory("hardened")
    inner = 'mount -t proc -o subset=pid proc /proc && exec "$@"'
    words: list[Argument] = [toolbox.system("unshare"), "--mount", "sh", "-c", inner, "sh"]
    words += [toolbox.system("setpriv"), "--bounding-set=-all", "--inh-caps=-all"]
    words += ["--no-new-privs", sys.executable, "-c", HARDENED]
    words += [prefix / "current" / "bin" / "entrepot", "serve", "--data", home / "data"]
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(home / "notify"))
        manager.settimeout(START_SECONDS)
        login = Login(ADMINISTRATOR, "made-for-this-test")
        env = base_environment(home) | {
            "ENTREPOT_ADMIN_PASSWORD": login.password,
            "NOTIFY_SOCKET": str(home / "notify"),
        }
        daemon = workspace.start([*words, "--listen", "127.0.0.1:0"], env=env)
        # Type=notify.
        assert manager.recv(100) == b"READY=1"
        major, minor = platform.release().split(".")[:2]
        if (int(major), int(minor)) >= (6, 3):
            assert "mdwe set" in daemon.output()
        wire = Wire((home / "data" / "run" / "address").read_text().split()[0], login)
        image = shelf.image("platforms")
        wire.push(image, "hardened")
        wire.assert_identical(image, "hardened")
        daemon.process.terminate()
        assert manager.recv(100) == b"STOPPING=1"
        assert daemon.process.wait(STOP_SECONDS) == 0


def test_systemd_makes_the_user_and_the_directories(toolbox: Toolbox, root: Path) -> None:
    env = base_environment(root)
    run([toolbox.system("systemd-sysusers"), f"--root={root}"], env=env)
    (line,) = [
        line for line in (root / "etc" / "passwd").read_text().splitlines() if "entrepot" in line
    ]
    name, _, uid, gid, _, home, _ = line.split(":")
    assert (name, home) == ("entrepot", "/var/lib/entrepot")
    words = [f"--root={root}", "--create", "--prefix=/etc/entrepot", "--prefix=/var/lib/entrepot"]
    run([toolbox.system("systemd-tmpfiles"), *words], env=env)
    data = (root / "var" / "lib" / "entrepot").stat()
    assert (data.st_uid, data.st_gid, data.st_mode & 0o777) == (int(uid), int(gid), 0o700)
    settings = (root / "etc" / "entrepot" / "entrepot.toml").stat()
    assert (settings.st_uid, settings.st_gid, settings.st_mode & 0o777) == (0, int(gid), 0o640)


def test_pythons_are_those_asked_for(bundle: Path) -> None:
    assert this_python() in (bundle / "PYTHONS").read_text().split()
