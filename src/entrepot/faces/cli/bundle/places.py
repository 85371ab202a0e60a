"""Where the files to deploy with are: in the package, or in its checkout."""

from dataclasses import dataclass
from pathlib import Path

from entrepot.faces.cli.client import CommandError
from entrepot.faces.cli.messages import _

PACKAGE = Path(__file__).parents[3]

# What people read, in one place.
NOT_WHOLE = _("{place} lacks the files to deploy with: install Entrepot anew")


@dataclass(frozen=True, slots=True)
class Places:
    """`deploy`, the pins with their hashes, and what builds an image leaves out."""

    deploy: Path
    lock: Path
    ignore: Path
    licence: Path
    checkout: Path | None
    """Whose wheel has to be built; None where the package is installed as one."""


def places() -> Places:
    """Return them. Raises `CommandError`."""
    inside = PACKAGE / "deploy"
    root = PACKAGE.parents[1]
    if inside.is_dir():
        found = Places(
            inside, inside / "requirements.lock", inside / ".dockerignore", inside / "LICENSE", None
        )
    else:
        lock = root / "requirements" / "run.lock"
        found = Places(root / "deploy", lock, root / ".dockerignore", root / "LICENSE", root)
    if not all(path.exists() for path in (found.deploy, found.lock, found.ignore, found.licence)):
        raise CommandError(NOT_WHOLE, place=PACKAGE)
    return found
