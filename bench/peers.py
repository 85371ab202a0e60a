"""The registries that Entrepot is compared with; as a command, builds those in Go.

Debian's docker-registry comes with apt. `python -m bench.peers` builds the others at a pinned
version where a Go toolchain is present, under `.tools/peers`; one that cannot be built is left out
of the comparison.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / ".tools" / "peers"
STEP_SECONDS = 1800
DEBIAN = "docker-registry"
SYNCING = "zot-syncing"
"""zot with `commit`, so that it acknowledges only what is on the disk; measured when named."""


@dataclass(frozen=True, slots=True)
class Source:
    """A command written in Go: its module, the version that is built, the package.

    `clone` is where its source is, for one whose version is not to be had as a module.
    """

    module: str
    version: str
    package: str
    tags: str = ""
    clone: str = ""


SOURCES = {
    "distribution": Source("github.com/distribution/distribution/v3", "v3.1.2", "cmd/registry"),
    "olareg": Source("github.com/olareg/olareg", "v0.1.2", "cmd/olareg"),
    # Without extensions, as its makers' `zot-minimal`.
    "zot": Source(
        "zotregistry.dev/zot",
        "v2.1.9",
        "cmd/zot",
        tags="containers_image_openpgp",
        clone="https://github.com/project-zot/zot.git",
    ),
}


def programs() -> dict[str, Path]:
    """Return the peers that this machine has, with their programs.

    olareg never syncs what it acknowledges, and zot only where it is told to, as `SYNCING` is.
    """
    debian = shutil.which(DEBIAN)
    found = {DEBIAN: Path(debian)} if debian else {}
    found.update({name: FOLDER / name for name in SOURCES if (FOLDER / name).is_file()})
    if "zot" in found:
        found[SYNCING] = found["zot"]
    return found


def build(name: str, source: Source) -> None:
    """Build a peer, unless it is there already. Raises `CalledProcessError`, `TimeoutExpired`."""
    if (FOLDER / name).is_file():
        return
    folder = FOLDER / "src" / name
    if not source.clone:
        folder.mkdir(parents=True, exist_ok=True)
        # A module of our own that requires it: `go install` would first ask for all its versions.
        text = f"module peer\n\nrequire {source.module} {source.version}\n"
        (folder / "go.mod").write_text(text)
    elif not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", source.version]
        _run([*clone, source.clone, str(folder)], FOLDER)
    options = ["-mod=mod", "-tags", source.tags, "-o", str(FOLDER / name)]
    _run(["go", "build", *options, f"{source.module}/{source.package}"], folder)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=True,
    )


def main() -> int:
    """Build what is missing and say what could not be built, which is no failure."""
    if shutil.which("go") is None:
        print("bench: no Go toolchain: only Debian's docker-registry is compared")
        return 0
    for name, source in SOURCES.items():
        try:
            build(name, source)
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or [str(error)])[-1]
            print(f"bench: {name} is left out: {last}")
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"bench: {name} is left out: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
