"""A wheel of a package that is installed here, byte for byte what was installed.

So that a bundle needs no index for Entrepot itself, nor for pip: who installs gets just what runs
here. The format is that of the Python packaging guide, "Binary distribution format", version 1.0.
"""

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution, PackagePath, distribution
from pathlib import Path

from entrepot.faces.cli.client import CommandError
from entrepot.faces.cli.messages import _

OF_THIS_PLACE = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""What an installer notes beside a package; a wheel has none of it, or makes it anew."""
BEGINNING = (1980, 1, 1, 0, 0, 0)
"""Of zip's times: the same files give the same wheel."""

# What people read, in one place.
NOT_A_WHEEL = _("{name} is not installed from a wheel here: install it with pip first")


def repack(name: str, folder: Path) -> Path:
    """Write the wheel of an installed package to a folder, and return its path.

    Raises `CommandError` where the package did not come as a wheel.
    """
    package = distribution(name)
    info = _info(package, name)
    tag = HeaderParser().parsestr(package.read_text("WHEEL") or "").get("Tag", "")
    if not tag:
        raise CommandError(NOT_A_WHEEL, name=name)
    wheel = folder / f"{info.removesuffix('.dist-info')}-{tag}.whl"
    record = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_own(package), key=str):
            content = path.locate().read_bytes()  # type: ignore[attr-defined]
            record.append(_line(str(path), content))
            _add(archive, str(path), content)
        _add(archive, f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]).encode())
    return wheel


def _info(package: Distribution, name: str) -> str:
    """Return the name of its folder of metadata, such as entrepot-0.1.0.dist-info."""
    for path in package.files or ():
        if path.name == "METADATA" and path.parent.suffix == ".dist-info":
            return path.parent.name
    raise CommandError(NOT_A_WHEEL, name=name)


def _own(package: Distribution) -> Iterator[PackagePath]:
    """Yield what came in the wheel: no scripts made of entry points, no compiled modules."""
    for path in package.files or ():
        made_here = path.parent.suffix == ".dist-info" and path.name in OF_THIS_PLACE
        if not (made_here or path.parts[0] in ("..", "/") or "__pycache__" in path.parts):
            yield path


def _line(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def _add(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(path, BEGINNING)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)
