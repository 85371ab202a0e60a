"""A home for one test: helpers on its PATH, files, and ID tokens."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELPER = """#!{python}
from entrepot.faces.cli.credentials.helper import main
main()
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's home."""

    home: Path

    @property
    def env(self) -> dict[str, str]:
        path = os.pathsep.join((str(self.home / "bin"), "/usr/bin:/bin"))
        return {"HOME": str(self.home), "PATH": path, "LC_ALL": "C.UTF-8"}

    @property
    def config(self) -> Path:
        return self.home / ".docker" / "config.json"

    @property
    def box(self) -> Path:
        return self.home / ".config" / "entrepot" / "credentials.json"

    def program(self, name: str, text: str) -> Path:
        """Put a program on PATH."""
        path = self.home / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def write(self, value: Any) -> None:
        """Write docker's settings."""
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(value if isinstance(value, str) else json.dumps(value))

    def read(self) -> Any:
        return json.loads(self.config.read_text())

    def helper(
        self, action: str, given: str | bytes = "", variables: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run docker-credential-entrepot as docker does."""
        data = given.encode() if isinstance(given, str) else given
        return subprocess.run(
            [self.home / "bin" / "docker-credential-entrepot", action],
            input=data,
            env={**self.env, **(variables or {})},
            capture_output=True,
            check=False,
            timeout=20,
        )


def make_place(home: Path) -> Place:
    """Return a home with docker-credential-entrepot on its PATH."""
    place = Place(home)
    place.program("docker-credential-entrepot", HELPER.format(python=sys.executable))
    return place


def id_token(**claims: Any) -> str:
    """Return an ID token as far as a client looks at it; nobody signed it."""
    parts = ({"alg": "ES256"}, {"sub": "repo:acme/web", "exp": 2**32, **claims})
    raw = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in raw), "c2lnbmF0dXJl"])
