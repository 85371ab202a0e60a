"""Lays out the image's files: `assemble.py CONTEXT IMAGE`, in the build stage of `Containerfile`.

CONTEXT is a checkout, or what `entrepot bundle` wrote. pip unpacks wheels for the architecture that
TARGETARCH names, whatever this machine's is; nothing of them is run. Needs Python and its standard
library alone where CONTEXT brings wheels, pip where it does not.
"""

import compileall
import hashlib
import os
import platform
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC_OLDEST = 5
"""Wheels name the oldest glibc 2.N that they run on; none is for an older one than this."""
HOME = Path("opt/entrepot")
PROGRAMS = ("entrepot", "docker-credential-entrepot")
SERVICES = ("s3", "sts", "sso", "sso-oidc", "signin")
"""What of AWS is spoken to: for objects, and for the ways to credentials for them."""


def main(context: Path, image: Path) -> None:
    """Fill IMAGE with `opt/entrepot`, `etc/entrepot` and an empty `data`."""
    architecture = os.environ.get("TARGETARCH") or _architecture()
    target = image / HOME
    packages = context / "wheels"
    if not packages.is_dir():
        packages = _fetch(context, Path("/tmp/entrepot-wheels"))  # noqa: S108 - of a build stage
    requirements = target.parent / "requirements.txt"
    requirements.parent.mkdir(parents=True)
    requirements.write_text(_locked(context) + _itself(packages))
    for_target = ["--target", str(target), "--no-compile", "--find-links", str(packages)]
    if packages.parent == context:
        for_target.append("--no-index")
    words = [*for_target, *_platform(architecture), "--requirement", str(requirements)]
    _pip(context, "install", "--no-deps", "--require-hashes", *words)
    requirements.unlink()
    _leave_out(target)
    # Without times in them: the same files give the same layer, and nothing is looked at twice.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(target, quiet=1, stripdir=str(image), invalidation_mode=mode):
        raise SystemExit("a module does not compile; see above")
    (image / "data").mkdir()
    settings = image / "etc" / "entrepot"
    settings.mkdir(parents=True)
    shutil.copyfile(context / "deploy" / "image" / "entrepot.toml", settings / "entrepot.toml")


def _leave_out(target: Path) -> None:
    """Remove programs of libraries, and botocore's descriptions of some 400 services: 25 MiB."""
    for program in (target / "bin").iterdir():
        if program.name not in PROGRAMS:
            program.unlink()
    for service in (target / "botocore" / "data").glob("*/"):
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)


def _architecture() -> str:
    machine = platform.machine()
    return next((name for name, called in MACHINES.items() if called == machine), machine)


def _platform(architecture: str) -> list[str]:
    """Return pip's options for wheels of that architecture, and of this very Python and glibc."""
    if architecture not in MACHINES:
        raise SystemExit(f"no image for {architecture}: there is {' and '.join(MACHINES)}")
    kind, version = platform.libc_ver()
    if kind != "glibc":
        raise SystemExit("BASE must have glibc: take a Debian image, not one of Alpine")
    newest = int(version.split(".")[1])
    found = [f"manylinux_2_{minor}" for minor in range(newest, GLIBC_OLDEST - 1, -1)]
    tags = [f"{one}_{MACHINES[architecture]}" for one in (*found, "manylinux2014")]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    platforms = [word for tag in tags for word in ("--platform", tag)]
    return [
        "--only-binary",
        ":all:",
        "--implementation",
        "cp",
        "--python-version",
        python,
        *platforms,
    ]


def _locked(context: Path) -> str:
    """Return the pins of what Entrepot needs, with their hashes."""
    places = (context / "requirements.lock", context / "requirements" / "run.lock")
    return next(place for place in places if place.is_file()).read_text(encoding="utf-8")


def _itself(packages: Path) -> str:
    """Return the requirement of the one wheel of Entrepot."""
    (wheel,) = packages.glob("entrepot-*.whl")
    version = wheel.name.split("-")[1]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"entrepot=={version} --hash=sha256:{digest}\n"


def _fetch(context: Path, packages: Path) -> Path:
    """Build a checkout's wheel, with the pinned tools for it; pip gets all else by itself."""
    tools = packages / "tools"
    lock = str(context / "requirements" / "build.lock")
    _pip(context, "install", "--require-hashes", "--target", str(tools), "--requirement", lock)
    os.environ["PYTHONPATH"] = str(tools)
    words = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(packages), str(context)]
    _pip(context, "wheel", *words)
    return packages


def _pip(context: Path, *words: str) -> None:
    """Run pip: the one that CONTEXT brings, or this Python's."""
    brought = next((context / "wheels").glob("pip-*.whl"), None)
    program = [str(brought / "pip")] if brought is not None else ["-m", "pip"]
    options = ["--disable-pip-version-check", "--no-input", "--quiet"]
    os.environ["PIP_ROOT_USER_ACTION"] = "ignore"
    subprocess.run([sys.executable, *program, words[0], *options, *words[1:]], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
