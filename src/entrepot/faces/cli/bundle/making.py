"""What a bundle is made of, step by step."""

import gzip
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from entrepot import __version__
from entrepot.faces.cli.client import CommandError
from entrepot.faces.cli.messages import _

from .places import Places, places
from .platforms import wheel_tags
from .repacking import repack

ENGINES = ("podman", "docker")
TAR, PACKED = ".tar", (".tar.gz", ".tgz")
SUMS = "SHA256SUMS"
BLOCK_BYTES = 1 << 20
SAID_CHARACTERS = 2000
"""Of what a program that failed said, the end is told."""

# What people read, in one place.
TARGET_EXISTS = _("{target} exists: name a new directory or file")
NO_PIP = _("this Python has no pip, which fetches the packages: run `{python} -m ensurepip`")
PROGRAM_FAILED = _("{program} failed:\n{said}")
NO_ENGINE = _("{image} is no file, and neither podman nor docker is here to ask for an image")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be in it; platforms are those of `MACHINES`, `image` a file or a name."""

    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What is in it. The sum is that of the file of sums."""

    version: str
    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    files: int
    size_bytes: int
    sums_sha256: str


def make(target: Path, wanted: Wanted) -> Made:
    """Make a bundle at `target`, which is there whole or not at all. Raises `CommandError`."""
    if target.exists():
        raise CommandError(TARGET_EXISTS, target=target)
    if importlib.util.find_spec("pip") is None:
        raise CommandError(NO_PIP, python=sys.executable)
    found = places()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work:
        folder = Path(work) / f"entrepot-{__version__}"
        _fill(folder, found, wanted)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        sums = "".join(f"{_sum(path)}  {path.relative_to(folder)}\n" for path in files)
        (folder / SUMS).write_text(sums, encoding="utf-8")
        files.append(folder / SUMS)
        made = Made(
            __version__,
            wanted.platforms,
            wanted.pythons,
            len(files),
            sum(path.stat().st_size for path in files),
            _sum(folder / SUMS),
        )
        if target.name.endswith((TAR, *PACKED)):
            packed = Path(work) / "packed"
            _pack(folder, packed, compress=target.name.endswith(PACKED))
            packed.replace(target)
        else:
            folder.replace(target)
    return made


def _fill(folder: Path, found: Places, wanted: Wanted) -> None:
    """Lay out all but the sums."""
    shutil.copytree(found.deploy, folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    for left_out in ("requirements.lock", ".dockerignore", "LICENSE"):
        (folder / "deploy" / left_out).unlink(missing_ok=True)
    shutil.copyfile(found.lock, folder / "requirements.lock")
    shutil.copyfile(found.ignore, folder / ".dockerignore")
    shutil.copyfile(found.licence, folder / "LICENSE")
    (folder / "deploy" / "bundle" / "install.sh").rename(folder / "install.sh")
    (folder / "deploy" / "bundle").rmdir()
    (folder / "install.sh").chmod(0o755)
    (folder / "VERSION").write_text(f"{__version__}\n")
    (folder / "PYTHONS").write_text("".join(f"{python}\n" for python in wanted.pythons))
    wheels = folder / "wheels"
    wheels.mkdir()
    _fetch(wheels, folder / "requirements.lock", wanted)
    repack("pip", wheels)
    if found.checkout is None:
        repack("entrepot", wheels)
    else:
        _build(found.checkout, wheels)
    if wanted.image is not None:
        (folder / "images").mkdir()
        _add_image(wanted.image, folder / "images" / "entrepot.tar")


def _fetch(wheels: Path, lock: Path, wanted: Wanted) -> None:
    """Let pip fetch what is locked, for each platform and Python; what fits several comes once."""
    for name in wanted.platforms:
        tags = [word for tag in wheel_tags(name) for word in ("--platform", tag)]
        for python in wanted.pythons:
            of_target = ["--only-binary", ":all:", "--implementation", "cp"]
            of_target += ["--python-version", python, *tags]
            words = ["--dest", str(wheels), "--no-deps", "--require-hashes", *of_target]
            _pip("download", *words, "--requirement", str(lock))


def _build(checkout: Path, wheels: Path) -> None:
    """Build the wheel of a checkout; with the tools that are here, if they are."""
    here = importlib.util.find_spec("hatchling") is not None
    words = ["--no-build-isolation"] if here else []
    _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), *words, str(checkout))


def _pip(verb: str, *words: str) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    _run([sys.executable, "-m", "pip", verb, *options, *words])


def _add_image(image: str, archive: Path) -> None:
    """Copy an archive, or let an engine that is here write one of an image that it has."""
    if Path(image).is_file():
        shutil.copyfile(image, archive)
        return
    engine = next((found for name in ENGINES if (found := shutil.which(name))), None)
    if engine is None:
        raise CommandError(NO_ENGINE, image=image)
    _run([engine, "save", "--output", str(archive), image])


def _run(words: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - pip and engines, with what people asked for
        words,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        program = " ".join(words[1:4]) if words[0] == sys.executable else words[0]
        said = (done.stderr or done.stdout).strip()[-SAID_CHARACTERS:]
        raise CommandError(PROGRAM_FAILED, program=program, said=said)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(folder: Path, target: Path, *, compress: bool) -> None:
    """Write a tar of the folder; the same files give the same bytes."""
    with target.open("wb") as raw:
        # Wheels are compressed already: a low level costs little and finds the rest.
        out: IO[bytes] = gzip.GzipFile("", "wb", 1, raw, 0) if compress else raw  # type: ignore[assignment]
        with out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in [folder, *sorted(folder.rglob("*"))]:
                entry = archive.gettarinfo(path, str(path.relative_to(folder.parent)))
                _put(archive, _plain(entry), path)


def _put(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    if not entry.isfile():
        archive.addfile(entry)
        return
    with path.open("rb") as content:
        archive.addfile(entry, content)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
