"""Root file systems: a real Debian one, or a small tree of this machine."""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.corpus.layers import EPOCH_SECONDS, File, Layer, file_layer, tar_file_layer
from tools.corpus.layout import Image, Layout

BOOTSTRAP_SECONDS = 600
LEFT_OUT = ("man", "doc", "locale")
PYTHON_PROGRAM = re.compile(r"\./usr/bin/python(3\.\d+)")
PYTHON_PACKAGES = ("python3", "ca-certificates", "tzdata")
# What the package of authorities does when it is configured, which nothing here is.
TRUST = (
    'mkdir -p "$1/etc/ssl/certs" && cat "$1"/usr/share/ca-certificates/mozilla/*.crt '
    '>"$1/etc/ssl/certs/ca-certificates.crt"'
)
HOST_PROGRAMS = ("busybox", "sh", "ls", "cat")


class NoDebian(Exception):
    """A Debian root cannot be made here; the message says why."""


def debian_layer(layout: Layout) -> Layer:
    """Bootstraps Debian's smallest root that has apt, from this machine's own mirror."""
    with TemporaryDirectory(prefix="entrepot-root-", dir="/var/tmp") as work:
        tar = Path(work) / "root.tar"
        _bootstrap(tar, "--variant=minbase")
        return tar_file_layer(layout, tar)


def python_layer(layout: Layout, architecture: str) -> Layer:
    """Unpacks Debian's Python and what it stands on; nothing of it is run, so any architecture."""
    with TemporaryDirectory(prefix="entrepot-root-", dir="/var/tmp") as work:
        tar = Path(work) / "root.tar"
        include = f"--include={','.join(PYTHON_PACKAGES)}"
        options = ("--variant=extract", f"--architectures={architecture}", include)
        _bootstrap(tar, *options, f"--extract-hook={TRUST}")
        return tar_file_layer(layout, tar)


def python_of(base: Image) -> str:
    """The version, such as 3.13, of the Python in a base that `python_layer` made."""
    child = base.children()[0]
    layer = base.layout.blob_path(child.manifest["layers"][0]["digest"])
    with tarfile.open(layer) as archive:
        for entry in archive:
            if (found := PYTHON_PROGRAM.fullmatch(entry.name)) is not None:
                return found[1]
    raise NoDebian("the base has no Python")


def host_layer(layout: Layout) -> Layer:
    """A few real programs of this machine, where no Debian can be made."""
    found = [shutil.which(name) for name in HOST_PROGRAMS]
    paths = [Path(os.path.realpath(path)) for path in found if path is not None]
    files = [File(f"bin/{path.name}", path.read_bytes(), 0o755) for path in dict.fromkeys(paths)]
    return file_layer(layout, [*files, File("etc/hostname", b"entrepot\n")])


def _bootstrap(tar: Path, *options: str) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise NoDebian("mmdebstrap is not installed")
    mirror, suite = _debian_mirror()
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    command = [program, "--quiet", *options, *excluded, suite, str(tar), mirror]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH_SECONDS), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOOTSTRAP_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise NoDebian(f"mmdebstrap failed: {done.stderr[-500:]}")


def _debian_mirror() -> tuple[str, str]:
    """The mirror and the release that this machine's apt is set to."""
    if shutil.which("apt-get") is None:
        raise NoDebian("this machine has no apt")
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for line in listing.splitlines():
        mirror, _, release = line.partition(" ")
        if mirror.rstrip("/").endswith("/debian"):
            return mirror, release
    raise NoDebian("apt is not set to a Debian mirror")
