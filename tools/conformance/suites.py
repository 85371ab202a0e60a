"""Building the suites from the specification's own repository."""

import os
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.golang import CommandFailedError, run

BUILT = Path(__file__).parents[2] / ".tools" / "conformance"
REPOSITORY = "https://github.com/opencontainers/distribution-spec"
SOURCES = "ENTREPOT_CONFORMANCE_SOURCES"
"""The variable that may name a clone of `REPOSITORY`, where that cannot be reached."""

FOLDER = "conformance"
FETCH_SECONDS = 120
GO_MIN = (1, 24)
"""The newest suite asks for it."""


class GoMissingError(Exception):
    """There is no Go here that could build the suites; the message says what is needed."""


class SourcesMissingError(Exception):
    """The suite's sources are not here and cannot be fetched; the message says how to help."""


CANNOT_BUILD = (GoMissingError, SourcesMissingError, CommandFailedError)


@dataclass(frozen=True, slots=True)
class Suite:
    """One edition of the suite: the folder `FOLDER` of a commit."""

    name: str
    specification: str
    commit: str
    build: tuple[str, ...]
    """What comes after `go`."""


NEWEST_COMMIT = "967efdc079b91785ad18c77cc4f8991a47feefbf"
NEWEST = Suite(
    "newest", "1.1+dev", NEWEST_COMMIT, ("build", "-ldflags", f"-X main.Version={NEWEST_COMMIT}")
)
CLASSIC = Suite("classic", "1.1.1", "a139cc423184af6078077b9b7ee336eddbd03f8f", ("test", "-c"))


def build(suite: Suite, folder: Path = BUILT) -> Path:
    """Return the suite's program, built now if it was not before.

    Its modules come from where Go is set up to take them. Raises `GoMissingError`,
    `SourcesMissingError`, `CommandFailedError`.
    """
    program = folder / f"{suite.name}-{suite.commit[:12]}"
    if program.exists():
        return program
    go = _go()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _extract(suite, folder, Path(scratch))
        fresh = Path(scratch) / suite.name
        output: list[str | Path] = ["-trimpath", "-buildvcs=false", "-o", fresh, "."]
        run([go, *suite.build, *output], Path(scratch) / FOLDER)
        # Whole or not at all: another process may be building it too.
        fresh.replace(program)
    return program


def _extract(suite: Suite, folder: Path, target: Path) -> None:
    """Write the suite's sources to `target / FOLDER`."""
    clone = Path(os.environ.get(SOURCES) or folder / "specification.git")
    commit = suite.commit
    try:
        if not clone.exists():
            run(["git", "clone", "--quiet", "--bare", REPOSITORY, clone], folder, FETCH_SECONDS)
        archive = target / "sources.tar"
        run(["git", "archive", f"--output={archive}", commit, FOLDER], clone)
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    except CommandFailedError as error:
        raise SourcesMissingError(
            f"the sources of the suite cannot be had from {REPOSITORY}: name a clone of it that "
            f"has {commit[:12]} in {SOURCES} ({error})"
        ) from error


def _go() -> str:
    go = shutil.which("go")
    wanted = ".".join(map(str, GO_MIN))
    if go is None:
        raise GoMissingError(f"go is not installed: the suites need Go {wanted} or newer")
    version = run([go, "env", "GOVERSION"], BUILT.parents[1])
    found = re.match(r"go(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < GO_MIN:
        raise GoMissingError(f"this is {version.strip()}: the suites need Go {wanted} or newer")
    return go
