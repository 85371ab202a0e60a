"""Where the clients are: of this system, or unpacked by `tools/clients.sh`."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools"
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


def absent(reason: str) -> None:
    """Skips the test, saying why; with CI=true nothing may be missing, so it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (an error because CI=true)", pytrace=False)
    pytest.skip(reason)


def need_root(client: str) -> None:
    """Engines mount file systems: skips where that is not allowed."""
    if os.geteuid() != 0:
        absent(f"{client}: needs root for its mounts")


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The directories in which clients are looked for."""

    newest: Path
    helm: Path

    @classmethod
    def of_environment(cls) -> "Toolbox":
        """As `tools/clients.sh` uses them."""
        newest = os.environ.get("ENTREPOT_NEWEST_CLIENTS", str(TOOLS / "newest"))
        return cls(Path(newest), Path(os.environ.get("ENTREPOT_HELM", str(TOOLS / "helm"))))

    def system(self, name: str) -> Path:
        """A client that this system has; the distribution's own before a user's."""
        found = shutil.which(name, path=os.pathsep.join(("/usr/bin:/usr/sbin", SYSTEM_PATH)))
        if found is None:
            absent(f"{name} is not installed: run tools/clients.sh install")
        return Path(str(found))

    def unpacked(self, name: str) -> Path:
        """One of the newest clients, or the system's if it has one of that name."""
        path = self.newest / "bin" / name
        if path.exists():
            return path
        found = shutil.which(name, path=SYSTEM_PATH)
        if found is None:
            absent(f"{name} is not here: run tools/clients.sh install --newest")
        return Path(str(found))

    def harbor(self, *names: str) -> Path:
        """The first of these that is here: Harbor's own clients, and what drives them.

        They are in no registry of packages that CI reaches, so they are skipped there too; what
        they said is kept in `harbor_talks`, and said again by `test_harbor_talks`.
        """
        places = (os.environ.get("ENTREPOT_HARBOR_CLIENTS", str(TOOLS / "harbor")), SYSTEM_PATH)
        for name in names:
            if (found := shutil.which(name, path=os.pathsep.join(places))) is not None:
                return Path(found)
        pytest.skip(f"{' or '.join(names)} is not here: ENTREPOT_HARBOR_CLIENTS=FOLDER tells where")

    def version(self, path: Path) -> str | None:
        """The package version of an unpacked client."""
        note = self.newest / "versions" / path.name
        if path.parent == self.newest / "bin" and note.exists():
            return note.read_text().strip()
        return None
